/** What a script is told of a log; 0 is intact. */
export const TAMPERED = 1;
export const TORN = 2;
export const UNREADABLE = 3;
