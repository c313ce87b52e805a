import { createHash } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { readScramVerifier, SCRAM_SALT_BYTES, scramVerifier } from '../wire/postgres/auth/scram_verifier.ts'

/** Random bytes that a connection password is made of: no guess comes near 160 bits. */
export const PASSWORD_RANDOM_BYTES = 20
/** Random bytes of the salt that a person's passwords for a target share, see `makeConnectionPassword`. */
export const PASSWORD_SALT_BYTES = SCRAM_SALT_BYTES

/** Secret scanners find it by this. */
const PREFIX = 'sp_'
/** Lower case alone: nothing that a URL, a shell or a person who types it would take for something else. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const BITS = 5
const CHECK_CHARS = 6
const FORM = /^sp_[a-z2-7]{38}$/

export interface MadePassword {
  /** Shown once, and kept nowhere. */
  readonly password: string
  readonly scram: string
  readonly sha2: string
  readonly digest: string
}

/**
 * A connection password and what verifies it, from 20 random bytes. `salt` has 16: random for the first live password of a
 * person for a target, and the same for each that is made while another lives. A SCRAM exchange has one salt, so all of
 * those passwords are good in it.
 */
export function makeConnectionPassword(random: Uint8Array, salt: Uint8Array): MadePassword {
  if (random.length !== PASSWORD_RANDOM_BYTES || salt.length !== SCRAM_SALT_BYTES) {
    throw new SallyportError('SP-INTERNAL', 'a connection password needs 20 random bytes and a salt of 16')
  }
  const body = base32(random)
  const password = `${PREFIX}${body}${checkOf(body)}`
  const once = createHash('sha256').update(password).digest()
  return {
    password,
    scram: scramVerifier(password, salt),
    sha2: createHash('sha256').update(once).digest('hex'),
    digest: passwordDigest(password),
  }
}

/** What a shown text is: no connection password at all, one with a slip of the hand, or one that may be good. */
export function passwordForm(text: string): 'other' | 'mistyped' | 'whole' {
  if (!text.startsWith(PREFIX)) return 'other'
  if (!FORM.test(text)) return 'mistyped'
  const body = text.slice(PREFIX.length, -CHECK_CHARS)
  return text.endsWith(checkOf(body)) ? 'whole' : 'mistyped'
}

/** The salt of a stored verifier, for the next password of the same person and target; null for a text of another form. */
export function saltOfVerifier(scram: string): Uint8Array | null {
  return readScramVerifier(scram)?.salt ?? null
}

/** What a password that was shown whole is found by. */
export function passwordDigest(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}

function checkOf(body: string): string {
  return base32(createHash('sha256').update(`${PREFIX}${body}`).digest()).slice(0, CHECK_CHARS)
}

/** RFC 4648 section 6, in lower case and without padding. */
function base32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    for (bits += 8; bits >= BITS; bits -= BITS) text += ALPHABET[(held >> (bits - BITS)) & 31]
  }
  return bits === 0 ? text : text + ALPHABET[(held << (BITS - bits)) & 31]
}
