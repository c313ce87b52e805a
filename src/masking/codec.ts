/** How values of one type stand in a row of one protocol and format. */
export interface Codec<T> {
  /** Null where the bytes are no value that a mask reads. */
  readonly read: (value: Uint8Array) => T | null
  readonly write: (value: T) => Uint8Array
}

/** Both ends are in the range. What `write` is given must be. */
export interface IntegerCodec extends Codec<bigint> {
  readonly min: bigint
  readonly max: bigint
}
