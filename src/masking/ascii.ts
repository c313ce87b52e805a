/** ASCII bytes as a string, or null where another byte stands in them or they are more than `max`. */
export function asciiText(value: Uint8Array, max: number): string | null {
  if (value.length > max) return null
  let text = ''
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at] as number
    if (byte > 0x7f) return null
    text += String.fromCharCode(byte)
  }
  return text
}

export function viewOf(value: Uint8Array): DataView {
  return new DataView(value.buffer, value.byteOffset, value.byteLength)
}
