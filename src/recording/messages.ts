/**
 * What a message is to the limit of a result. `row`: left out beyond it, and so is a `notice`, of which a statement can
 * make any number. `end`: ends the answer of a statement. `other`: says what the rows are.
 */
export type MessageKind = 'row' | 'notice' | 'other' | 'end'

/** Tells the messages in bytes that hold whole ones, each from `start` to `end`, in order. */
export type Visit = (start: number, end: number, kind: MessageKind) => void
