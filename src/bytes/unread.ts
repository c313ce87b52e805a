/**
 * Bytes of a text in a character set that is not looked into: 0x80 is U+F780, 0xff is U+F7FF, the range that the Encoding
 * Standard's x-user-defined has.
 */
export const UNREAD_BASE = 0xf700
const UNREAD = /[\uF780-\uF7FF]/

/** True where some of a text stands for bytes that were not read. */
export function holdsUnread(text: string): boolean {
  return UNREAD.test(text)
}
