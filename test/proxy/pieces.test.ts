import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeConnectionPassword } from '../../src/session/connection_password.ts'
import { answerScram, finishScram, startScram } from '../../src/wire/postgres/auth/scram.ts'
import { encodeSaslResponse } from '../../src/wire/postgres/auth-response.ts'
import { ALICE } from '../session/fixture.ts'
import { knockAt } from './client.ts'
import { type Front, startFront } from './front.ts'

/** The stories of a login, with the client's bytes cut into pieces of every small size. */

const MADE = makeConnectionPassword(new Uint8Array(20).fill(1), new Uint8Array(16).fill(1))

let folder: string
let scram: Front & { readonly ca: string }
let oauth: Front & { readonly ca: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pieces-'))
  const live = {
    id: 'p1',
    identity: ALICE,
    target: 'shop-db',
    grantId: 'g1',
    createdAt: 1,
    expiresAt: Number.MAX_VALUE,
  }
  const passwords = () => [{ ...live, ...MADE }]
  scram = await startFront(join(folder, 'a'), { engine: 'postgres', listener: { auth: 'scram' }, passwords })
  oauth = await startFront(join(folder, 'b'), { engine: 'postgres', listener: { auth: 'oauth' }, passwords })
})
afterAll(async () => {
  await scram?.stop()
  await oauth?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const PIECES = [1, 2, 3, 5, 7, 11]

it.each(PIECES)('SCRAM in pieces of %i', async (piece) => {
  const client = await knockAt(scram, ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'], piece)
  const first = startScram('', 'nonce-of-a-client', { kind: 'none' })
  client.initial(new TextDecoder().decode(first.message), 'SCRAM-SHA-256')
  const challenge = await client.next()
  if (challenge.kind !== 'authenticationSaslContinue') throw new Error(challenge.kind)
  const answer = answerScram(first.state, challenge.data, MADE.password)
  client.send(encodeSaslResponse({ kind: 'saslResponse', data: answer.message }))
  const final = await client.next()
  if (final.kind !== 'authenticationSaslFinal') throw new Error(final.kind)
  finishScram(answer.state, final.data)
  expect(await client.next()).toEqual({ kind: 'authenticationOk' })
  client.end()
})

it.each(PIECES)('OAUTHBEARER in pieces of %i', async (piece) => {
  const asking = await knockAt(oauth, ['OAUTHBEARER'], piece)
  asking.initial('n,,\x01auth=\x01\x01')
  expect((await asking.next()).kind).toBe('authenticationSaslContinue')
  asking.send(encodeSaslResponse({ kind: 'saslResponse', data: Uint8Array.of(1) }))
  expect(await asking.error()).toMatch(/a token is needed/)
  const client = await knockAt(oauth, ['OAUTHBEARER'], piece)
  client.initial(`n,,\x01auth=Bearer ${MADE.password}\x01\x01`)
  expect(await client.next()).toEqual({ kind: 'authenticationOk' })
  client.end()
})

it('what came ahead of its turn is no answer', async () => {
  const client = await knockAt(scram, ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'])
  const first = new TextDecoder().decode(startScram('', 'n', { kind: 'none' }).message)
  client.initial(first, 'SCRAM-SHA-256')
  client.send(encodeSaslResponse({ kind: 'saslResponse', data: Buffer.from(`c=biws,r=n,p=AAAA`) }))
  expect((await client.next()).kind).toBe('authenticationSaslContinue')
  expect(await client.error()).toMatch(/SP-PROTOCOL/)
})
