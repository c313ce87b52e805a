import { writeFileSync } from 'node:fs'
import nacl from 'tweetnacl'
import { Opener } from '../../src/audit/seal.ts'

/** The key of a security team that exists in tests alone. */
const KEYS = nacl.box.keyPair.fromSecretKey(new Uint8Array(32).fill(7))

/** As `node.audit.sealTo` has it. */
export const SEAL_TO = Buffer.from(KEYS.publicKey).toString('base64')
export const OPENER = new Opener(KEYS.secretKey)

/** As `audit seal-key` writes it. */
export function writeSealKey(path: string): string {
  const text = `sallyport-seal-secret-key:1:${Buffer.from(KEYS.secretKey).toString('base64')}\n`
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
