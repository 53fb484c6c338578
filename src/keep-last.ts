/**
 * The same function, which does not make anew what it made last: for what stays the same from call to
 * call, where even to look it up in a table would cost more than it does.
 */
export function keepLast<Input, Output>(make: (input: Input) => Output): (input: Input) => Output {
  let last: { readonly input: Input; readonly output: Output } | undefined;
  return (input) => {
    if (last === undefined || last.input !== input) last = { input, output: make(input) };
    return last.output;
  };
}
