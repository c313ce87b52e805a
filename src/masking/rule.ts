/** How a masked column's value is changed on the wire. Each is defined for every type; where it has no meaning: NULL. */
export type MaskRule =
  | { readonly strategy: 'null' }
  | { readonly strategy: 'redact'; readonly text: string }
  | { readonly strategy: 'partial'; readonly keepFirst: number; readonly keepLast: number; readonly fill: string }
  | { readonly strategy: 'email' }
  | { readonly strategy: 'hash'; readonly keyId: string; readonly key: Uint8Array; readonly length: number }
  | { readonly strategy: 'token'; readonly keyId: string; readonly key: Uint8Array; readonly prefix: string }

/** A result field as the server describes it: what a mask must keep. */
export type FieldType =
  | { readonly dialect: 'postgres'; readonly typeOid: number; readonly format: 'text' | 'binary' }
  | {
      readonly dialect: 'mysql'
      /** Column type byte of the column definition (protocol: MYSQL_TYPE_*). */
      readonly type: number
      /** Character set id; 63 is binary. */
      readonly charset: number
      readonly format: 'text' | 'binary'
    }

/**
 * Takes the value's bytes as they stand in the row (MySQL binary rows: without the length prefix) and gives the
 * bytes to send, or null for NULL.
 */
export type Masker = (value: Uint8Array) => Uint8Array | null
