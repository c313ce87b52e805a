import { randomBytes } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import type { Credential } from '../session/ports.ts'
import { md5Password } from '../wire/postgres/auth/md5.ts'
import { answerScram, chooseScram, finishScram, startScram } from '../wire/postgres/auth/scram.ts'
import { encodePassword, encodeSaslInitial, encodeSaslResponse } from '../wire/postgres/auth-response.ts'
import type { ServerMessage } from '../wire/postgres/server.ts'
import { tlsEndPoint } from './tls_end_point.ts'

/** As many as libpq's (SCRAM_RAW_NONCE_LEN). */
const NONCE_BYTES = 18

type Phase =
  | { readonly kind: 'begun' }
  | { readonly kind: 'passwordSent' }
  | { readonly kind: 'scramStarted'; readonly state: ReturnType<typeof startScram>['state'] }
  | { readonly kind: 'scramAnswered'; readonly state: ReturnType<typeof answerScram>['state'] }
  | { readonly kind: 'scramProven' }
  | { readonly kind: 'over' }

/**
 * Our half of the authentication: each request of the server is taken in its place alone. A server that began SCRAM
 * has to finish it, since its last message is what proves the server to us.
 */
export class PostgresAuthentication {
  readonly #socket: Socket
  readonly #credential: Credential
  #phase: Phase = { kind: 'begun' }

  constructor(socket: Socket, credential: Credential) {
    this.#socket = socket
    this.#credential = credential
  }

  /** What to send for a message of the server, or null. Out of place is `SP-PROTOCOL`. */
  answer(message: ServerMessage): Uint8Array | null {
    switch (message.kind) {
      case 'authenticationOk':
        return this.#ok()
      case 'authenticationCleartextPassword':
        return this.#cleartext()
      case 'authenticationMd5Password':
        return this.#password(md5Password(this.#credential.user, this.#credential.password, message.salt))
      case 'authenticationSasl':
        return this.#start(message.mechanisms)
      case 'authenticationSaslContinue':
        return this.#continue(message.data)
      case 'authenticationSaslFinal':
        return this.#final(message.data)
      default:
        throw new SallyportError('SP-PROTOCOL', 'the server sent a message that has no place in a login')
    }
  }

  /** Runs `work` where the authentication is over; earlier than that its message is `SP-PROTOCOL`. */
  over<T>(work: () => T): T {
    if (this.#phase.kind !== 'over') throw outOfPlace()
    return work()
  }

  #ok(): null {
    const { kind } = this.#phase
    // A server that trusts this address asks for nothing.
    if (kind !== 'begun' && kind !== 'passwordSent' && kind !== 'scramProven') throw outOfPlace()
    this.#phase = { kind: 'over' }
    return null
  }

  #cleartext(): Uint8Array {
    if (!(this.#socket instanceof TLSSocket) && !isLoopback(this.#socket.remoteAddress)) {
      throw new SallyportError('SP-UPSTREAM', 'the database asks for the password in clear without TLS')
    }
    return this.#password(this.#credential.password)
  }

  #password(password: string): Uint8Array {
    if (this.#phase.kind !== 'begun') throw outOfPlace()
    this.#phase = { kind: 'passwordSent' }
    return encodePassword({ kind: 'passwordMessage', password: encodeUtf8(password) })
  }

  #start(mechanisms: readonly string[]): Uint8Array {
    if (this.#phase.kind !== 'begun') throw outOfPlace()
    const { mechanism, binding } = chooseScram(mechanisms, tlsEndPoint(this.#socket))
    const { state, message } = startScram('', randomBytes(NONCE_BYTES).toString('base64'), binding)
    this.#phase = { kind: 'scramStarted', state }
    return encodeSaslInitial({ kind: 'saslInitialResponse', mechanism, data: message })
  }

  #continue(data: Uint8Array): Uint8Array {
    if (this.#phase.kind !== 'scramStarted') throw outOfPlace()
    const { state, message } = answerScram(this.#phase.state, data, this.#credential.password)
    this.#phase = { kind: 'scramAnswered', state }
    return encodeSaslResponse({ kind: 'saslResponse', data: message })
  }

  #final(data: Uint8Array): null {
    if (this.#phase.kind !== 'scramAnswered') throw outOfPlace()
    finishScram(this.#phase.state, data)
    this.#phase = { kind: 'scramProven' }
    return null
  }
}

/** 127.0.0.0/8, ::1 and the mapped form of the first. */
function isLoopback(address: string | undefined): boolean {
  if (address === undefined || isIP(address) === 0) return false
  return address === '::1' || /^(::ffff:)?127\./i.test(address)
}

function outOfPlace(): SallyportError {
  return new SallyportError('SP-PROTOCOL', 'the server sent an authentication message out of place')
}
