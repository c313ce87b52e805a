import { Reader } from '../../bytes/reader.ts'
import { SallyportError } from '../../errors.ts'
import { broken, message, readString, writeString } from './message.ts'
import { SERVER } from './type-bytes.ts'

const OK = 0
const CLEARTEXT_PASSWORD = 3
const MD5_PASSWORD = 5
const SASL = 10
const SASL_CONTINUE = 11
const SASL_FINAL = 12
const SALT_BYTES = 4

/** What the server asks for, or that the login is over. */
export type Authentication =
  | { readonly kind: 'authenticationOk' }
  | { readonly kind: 'authenticationCleartextPassword' }
  | { readonly kind: 'authenticationMd5Password'; readonly salt: Uint8Array }
  | { readonly kind: 'authenticationSasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'authenticationSaslContinue'; readonly data: Uint8Array }
  | { readonly kind: 'authenticationSaslFinal'; readonly data: Uint8Array }

/** Kerberos, GSSAPI, SSPI and what may come later are `SP-UNSUPPORTED`. */
export function decodeAuthentication(body: Uint8Array): Authentication {
  const reader = new Reader(body)
  const authentication = read(reader, reader.i32be())
  reader.expectEnd()
  return authentication
}

export function encodeAuthentication(value: Authentication): Uint8Array {
  return message(SERVER.authentication, (writer) => {
    switch (value.kind) {
      case 'authenticationOk':
        return writer.i32be(OK)
      case 'authenticationCleartextPassword':
        return writer.i32be(CLEARTEXT_PASSWORD)
      case 'authenticationMd5Password':
        if (value.salt.length !== SALT_BYTES) throw broken('an MD5 salt has not 4 bytes')
        return writer.i32be(MD5_PASSWORD).bytes(value.salt)
      case 'authenticationSasl':
        writer.i32be(SASL)
        for (const mechanism of value.mechanisms) writeString(writer, named(mechanism))
        return writer.u8(0)
      case 'authenticationSaslContinue':
        return writer.i32be(SASL_CONTINUE).bytes(value.data)
      case 'authenticationSaslFinal':
        return writer.i32be(SASL_FINAL).bytes(value.data)
    }
  })
}

function read(reader: Reader, code: number): Authentication {
  switch (code) {
    case OK:
      return { kind: 'authenticationOk' }
    case CLEARTEXT_PASSWORD:
      return { kind: 'authenticationCleartextPassword' }
    case MD5_PASSWORD:
      return { kind: 'authenticationMd5Password', salt: reader.bytes(SALT_BYTES) }
    case SASL:
      return { kind: 'authenticationSasl', mechanisms: readMechanisms(reader) }
    case SASL_CONTINUE:
      return { kind: 'authenticationSaslContinue', data: reader.rest() }
    case SASL_FINAL:
      return { kind: 'authenticationSaslFinal', data: reader.rest() }
    default:
      throw new SallyportError('SP-UNSUPPORTED', `the server asks for authentication method ${code}`)
  }
}

/** The list ends with an empty name. */
function readMechanisms(reader: Reader): string[] {
  const mechanisms: string[] = []
  for (let name = readString(reader); name !== ''; name = readString(reader)) mechanisms.push(name)
  return mechanisms
}

function named(mechanism: string): string {
  if (mechanism === '') throw broken('a SASL mechanism has no name')
  return mechanism
}
