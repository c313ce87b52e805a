import { randomBytes } from 'node:crypto'
import { answerScram, finishScram, startScram } from '../src/wire/postgres/auth/scram.ts'
import { encodeSaslInitial, encodeSaslResponse } from '../src/wire/postgres/auth-response.ts'
import type { ServerMessage } from '../src/wire/postgres/server.ts'

/** The client's part of SCRAM-SHA-256: for each message of the server the answer, or null where it asks for none. */
export function scramSession(password: string): (message: ServerMessage) => Uint8Array | null {
  let started: ReturnType<typeof startScram>['state'] | undefined
  let answered: ReturnType<typeof answerScram>['state'] | undefined
  return (message) => {
    if (message.kind === 'authenticationSasl') {
      const first = startScram('', randomBytes(18).toString('base64'), { kind: 'none' })
      started = first.state
      return encodeSaslInitial({ kind: 'saslInitialResponse', mechanism: 'SCRAM-SHA-256', data: first.message })
    }
    if (message.kind === 'authenticationSaslContinue' && started) {
      const next = answerScram(started, message.data, password)
      answered = next.state
      return encodeSaslResponse({ kind: 'saslResponse', data: next.message })
    }
    if (message.kind === 'authenticationSaslFinal' && answered) finishScram(answered, message.data)
    return null
  }
}
