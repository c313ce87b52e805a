/** `bytes` XOR `key`, the key repeated as often as needed. */
export function xor(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte ^ key[i % key.length]!)
}
