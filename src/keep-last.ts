/**
 * The same function, except that it does not make again what it made last: for what mostly stays as
 * it is from call to call. One comparison, and nothing that grows.
 */
export function keepLast<Input, Output>(make: (input: Input) => Output): (input: Input) => Output {
  let last: { readonly input: Input; readonly output: Output } | undefined;
  return (input) => {
    if (last === undefined || last.input !== input) last = { input, output: make(input) };
    return last.output;
  };
}
