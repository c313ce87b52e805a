import { expect, it } from 'vitest'
import { asClientKnows } from '../../src/session/postgres/notification.ts'
import { Framer } from '../../src/wire/postgres/framer.ts'
import { decodeServer, encodeServer } from '../../src/wire/postgres/server.ts'

it.each([
  ['of the session itself', 4321, 77],
  ['of another session', 4322, 4322],
  ['of a process whose number is that of the proxy', 77, 77],
])('the number in a notification %s', (_whose, given, told) => {
  const sent = encodeServer({ kind: 'notificationResponse', pid: given, channel: 'c', payload: 'p' })
  // Bytes of a chunk that holds more.
  const chunk = Buffer.alloc(sent.length + 8)
  chunk.set(sent, 3)
  const framer = new Framer({ maxBytes: 100 })
  framer.push(asClientKnows(chunk.subarray(3, 3 + sent.length), { server: 4321, client: 77 }))
  expect(decodeServer(framer.next()!)).toEqual({ kind: 'notificationResponse', pid: told, channel: 'c', payload: 'p' })
  expect(chunk.subarray(3, 3 + sent.length)).toEqual(Buffer.from(sent))
})
