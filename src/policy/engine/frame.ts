/**
 * The part of an input that is the same for many calls, such as the facts of keys and principal, with
 * a slot for each part that is not. The engine parses a frame once and keeps it: parsing the whole
 * input for each call would cost more than the decision does.
 */
export interface Frame {
  /** JSON text, cut where the slots are: one piece more than there are slots. */
  readonly pieces: readonly string[];
  /** Path of each slot in the input, in the order of the text. */
  readonly slots: readonly (readonly string[])[];
}

/** An input: a frame, and JSON text for each of its slots. */
export interface Input {
  readonly frame: Frame;
  readonly values: readonly string[];
}

/** The frame as JSON text, with null in its slots. */
export function emptyText({ pieces }: Frame): string {
  return pieces.join('null');
}

/** The whole input as JSON text. */
export function wholeText({ frame, values }: Input): string {
  return frame.pieces.reduce((text, piece, index) => `${text}${values[index - 1]}${piece}`);
}
