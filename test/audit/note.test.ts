import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkpointText, readCheckpoint } from '../../src/audit/checkpoint.ts'
import { CompactRange, entryHash } from '../../src/audit/merkle.ts'
import { COSIGNED, type NoteKey, noteKey, openNote, signatureLine, signNote, skeyOf } from '../../src/audit/note.ts'

const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const GO_NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`
const C2SP_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const C2SP_NOTE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`
const OWN_VKEY = 'audit.example.com/proxy1+57a70d10+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c'
const OWN_NOTE = `audit.example.com/proxy1
3
LP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=

— audit.example.com/proxy1 V6cNEAKMzPlr3BiVJeoKhQJABEtklbTGxsy9CK9gM6PF229XJgNMRQRJekMl3LcjSb//pL3kEp0CsAgpTzx5CMhLMAU=
`

const NAME = 'audit.example.com/proxy1'
const OWN = key(skeyOf(NAME, new Uint8Array(32).fill(1)))
const OTHER = key(skeyOf(NAME, new Uint8Array(32).fill(2)))
const WITNESS = key(skeyOf('witness.example.com/w1', new Uint8Array(32).fill(3), COSIGNED))

function key(text: string): NoteKey {
  const read = noteKey(text)
  if (read === null) throw new Error(`not a key: ${text}`)
  return read
}

describe('notes', () => {
  it.each([
    [GO_KEY, GO_NOTE],
    [C2SP_KEY, C2SP_NOTE],
    [OWN_VKEY, OWN_NOTE],
  ])('opens a note that others made: %s', (vkey, note) => {
    expect(openNote(note, [key(vkey)])).toMatchObject({ text: note.slice(0, note.indexOf('\n\n') + 1), unknown: 0 })
    expect(key(vkey).vkey).toBe(vkey)
  })

  it('signs byte for byte what the known answer has', () => {
    const range = CompactRange.empty()
    for (const n of [0, 1, 2]) range.append(entryHash(Buffer.from(`{"n":${n}}`)))
    expect(OWN.vkey).toBe(OWN_VKEY)
    expect(signNote(checkpointText({ origin: NAME, size: 3, root: range.root() }), [OWN])).toBe(OWN_NOTE)
  })

  it('ignores keys it does not know, and demands one that it does', () => {
    const both = signNote('text\n', [OTHER, OWN])
    expect(openNote(both, [OWN])).toMatchObject({ by: [OWN], unknown: 1 })
    expect(openNote(both, [OWN, OTHER])).toMatchObject({ by: [OTHER, OWN], unknown: 0 })
    expect(openNote(both, [WITNESS])).toBe('no known key signed it')
    expect(openNote(both, [])).toBe('no known key signed it')
  })

  it('a bad signature of a known key rejects the note, beside a good one too', () => {
    const forged = signatureLine('other\n', OTHER)
    const good = signNote('text\n', [OWN])
    expect(openNote(good + forged, [OWN])).toMatchObject({ by: [OWN] })
    expect(openNote(good + forged, [OWN, OTHER])).toMatch(/^the signature of .* is wrong$/)
    expect(openNote(good + signatureLine('other\n', OWN), [OWN])).toMatch(/is wrong$/)
  })

  it('takes 16 signatures and more, and not without end', () => {
    const keys = Array.from({ length: 101 }, (_, n) => key(skeyOf(`k${n}`, new Uint8Array(32).fill(n))))
    expect(openNote(signNote('text\n', keys.slice(0, 16)), keys)).toMatchObject({ by: keys.slice(0, 16) })
    expect(openNote(signNote('text\n', keys), keys)).toBe('not a signed note')
  })

  it('one key under one name and id alone', () => {
    const [name, id, data] = OWN_VKEY.split('+')
    expect(noteKey(`${name}+57a70d11+${data}`)).toBeNull()
    expect(noteKey(`x${name}+${id}+${data}`)).toBeNull()
    expect(noteKey(`${name}+${id}+${data!.replace('c', 'd')}`)).toBeNull()
    for (const text of ['', '+', 'a+b', '++', 'PRIVATE+KEY+', `a+${id}+AQ==`, `+${id}+${data}`]) {
      expect(noteKey(text)).toBeNull()
    }
  })

  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u3000b', 'a\nb', 'a\u0001b', '\ud800'])(
    'a name that may not be: %j',
    (name) => {
      expect(() => skeyOf(name, new Uint8Array(32))).toThrow(TypeError)
    },
  )

  it.each([
    'text\n',
    'text\n\n',
    'text\n\nx\n',
    OWN_NOTE.slice(0, -1),
    `${OWN_NOTE}\n`,
    OWN_NOTE.replace('—', '-'),
    OWN_NOTE.replace('\n3\n', '\n3\r\n'),
    OWN_NOTE.replace('proxy1\n', 'proxy1\t\n'),
    `${OWN_NOTE}— ${NAME} AAAA\n`,
    `${OWN_NOTE}— ${NAME} ${'A'.repeat(90)}\n`,
    `${OWN_NOTE}— ${NAME}  V6cNEAKM\n`,
    'x'.repeat(1_000_000) + OWN_NOTE,
  ])('not a note: %#', (note) => {
    expect(openNote(note, [OWN])).toBe('not a signed note')
  })

  it('the text may hold empty lines and lines like signatures', () => {
    const text = `a\n\n${signatureLine('b\n', OTHER)}`
    expect(openNote(signNote(text, [OWN]), [OWN, OTHER])).toMatchObject({ text, by: [OWN] })
  })

  it('any bit that is flipped is found', () => {
    const bytes = Buffer.from(OWN_NOTE)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(typeof openNote(changed.toString(), [OWN]), `bit ${bit}`).toBe('string')
    }
  })

  it('a signature that is the same number modulo the order of the group is refused', () => {
    const order = (1n << 252n) + 27742317777372353535851937790883648493n
    const line = OWN_NOTE.trimEnd().split(' ').at(-1)!
    const bytes = Buffer.from(line, 'base64')
    const s = BigInt(`0x${Buffer.from(bytes.subarray(36)).reverse().toString('hex')}`) + order
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(bytes, 36)
    expect(openNote(OWN_NOTE.replace(line, bytes.toString('base64')), [OWN])).toMatch(/is wrong$/)
  })
})

describe('cosignatures', () => {
  it('sign the time and the whole text', () => {
    const note = OWN_NOTE + signatureLine(OWN_NOTE.slice(0, OWN_NOTE.indexOf('\n\n') + 1), WITNESS, 1_679_315_147)
    const open = openNote(note, [OWN, WITNESS])
    expect(open).toMatchObject({ by: [OWN, WITNESS] })
    expect(typeof open === 'string' ? 0 : open.times.get(WITNESS)).toBe(1_679_315_147)
    const data = note.trimEnd().split(' ').at(-1)!
    const later = Buffer.from(data, 'base64')
    later[11]! += 1
    expect(openNote(note.replace(data, later.toString('base64')), [OWN, WITNESS])).toMatch(/is wrong$/)
  })

  it('need a private key', () => {
    expect(() => signatureLine('a\n', key(OWN_VKEY))).toThrow(TypeError)
    expect(() => signNote('a', [OWN])).toThrow(TypeError)
  })
})

describe('checkpoints', () => {
  it('read what they write', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, root) => {
        const read = readCheckpoint(checkpointText({ origin: 'sallyport/a', size, root }))
        expect(read).toEqual({ origin: 'sallyport/a', size, root: Uint8Array.from(root) })
      }),
    )
  })

  it.each([
    '',
    'a\n1\n',
    '\n1\nR\n',
    'a\n01\nR\n',
    'a\n-1\nR\n',
    'a\n1\nR',
    'a\n1\nR\nx\n',
    'a\n1\nAAAA\n',
    'a\n9e9\nR\n',
    'a\n99999999999999999\nR\n',
  ])('not a checkpoint: %j', (text) => {
    expect(readCheckpoint(text.replace('R', 'A'.repeat(43).concat('=')))).toBeNull()
  })
})
