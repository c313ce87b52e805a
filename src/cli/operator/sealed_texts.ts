import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { keyFingerprint, Opener, publicKeyOf, SEALED_TEXT } from '../../audit/seal.ts'
import { fromBase64, toBase64 } from '../../bytes/base64.ts'
import { asSallyportError, SallyportError } from '../../errors.ts'
import { linesOf } from '../audit_commands.ts'
import type { CliContext } from '../context.ts'

const OWNER_ONLY = 0o600
const KEY_BYTES = 32
const KEY_FILE = /^sallyport-seal-secret-key:1:([A-Za-z0-9+/]{43}=)\n?$/

/** The public key goes to standard output, for the configuration; the secret one is for the security team alone. */
export async function writeSealKey({ out, err }: CliContext, path: string): Promise<void> {
  const secret = randomBytes(KEY_BYTES)
  const text = `sallyport-seal-secret-key:1:${toBase64(secret)}\n`
  await writeFile(path, text, { mode: OWNER_ONLY, flag: 'wx' }).catch((cause: unknown) => {
    throw new SallyportError('SP-INPUT', `${path} can't be written, or is there already`, { cause })
  })
  const publicKey = publicKeyOf(secret)
  out(`${toBase64(publicKey)}\n`)
  err(`The secret key of ${keyFingerprint(publicKey)} is in ${path}: keep it away from the proxy.\n`)
}

/** What opens the texts that were sealed to a key of `audit seal-key`. Rejects with `SP-INPUT`. */
export async function openerOf(path: string): Promise<Opener> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('SP-INPUT', `${path} can't be read`, { cause })
  })
  const secret = fromBase64(KEY_FILE.exec(text)?.[1] ?? '')
  if (secret?.length !== KEY_BYTES) throw new SallyportError('SP-INPUT', `${path} holds no secret key to unseal with`)
  return new Opener(secret)
}

/** 0: all was opened. 1: what was not stays as it was. An opened text is escaped as in JSON, so that lines stay lines. */
export async function unseal({ out, err }: CliContext, keyPath: string, path: string): Promise<number> {
  const opener = await openerOf(keyPath)
  let code = 0
  let number = 0
  for await (const line of linesOf(path)) {
    number++
    const opened = line.replace(SEALED_TEXT, (sealed) => {
      try {
        return JSON.stringify(opener.openText(sealed)).slice(1, -1)
      } catch (error) {
        code = 1
        err(`line ${number}: ${asSallyportError(error).detail}\n`)
        return sealed
      }
    })
    out(`${opened}\n`)
  }
  return code
}
