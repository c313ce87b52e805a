import type { ClientMessage, ClientPhase } from '../../../src/wire/postgres/client.ts'
import type { ServerMessage } from '../../../src/wire/postgres/server.ts'
import type { StartupPacket } from '../../../src/wire/postgres/startup.ts'

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const hex = (value: string): Uint8Array =>
  Uint8Array.from(value.match(/[0-9a-f]{2}/g) ?? [], (b) => Number.parseInt(b, 16))
export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const longKey = Uint8Array.from({ length: 256 }, (_, i) => i)

/** Each message with its bytes, worked out from the documentation's "Message Formats" by hand. */
export const clientSamples: readonly (readonly [ClientMessage, ClientPhase, string])[] = [
  [{ kind: 'query', text: 'SELECT 1' }, 'ready', '51 0000000d 53454c454354203100'],
  [{ kind: 'query', text: '' }, 'ready', '51 00000005 00'],
  [{ kind: 'query', text: '\ufeff\u00e9' }, 'ready', '51 0000000a efbbbf c3a9 00'],
  [
    { kind: 'parse', name: 's', text: 'q', parameterTypes: [23, 0, 4294967295] },
    'ready',
    '50 00000016 7300 7100 0003 00000017 00000000 ffffffff',
  ],
  [
    {
      kind: 'bind',
      portal: 'p',
      statement: '',
      parameterFormats: [1],
      values: [text('ab'), null, text('')],
      resultFormats: [0, 1],
    },
    'ready',
    '42 00000021 7000 00 0001 0001 0003 00000002 6162 ffffffff 00000000 0002 0000 0001',
  ],
  [{ kind: 'describe', target: 'statement', name: 's' }, 'ready', '44 00000007 53 7300'],
  [{ kind: 'describe', target: 'portal', name: '' }, 'ready', '44 00000006 50 00'],
  [{ kind: 'execute', portal: '', maxRows: 100 }, 'ready', '45 00000009 00 00000064'],
  [{ kind: 'close', target: 'portal', name: 'c' }, 'ready', '43 00000007 50 6300'],
  [{ kind: 'sync' }, 'ready', '53 00000004'],
  [{ kind: 'flush' }, 'ready', '48 00000004'],
  [{ kind: 'terminate' }, 'ready', '58 00000004'],
  [{ kind: 'copyData', data: text('1\n') }, 'ready', '64 00000006 310a'],
  [{ kind: 'copyDone' }, 'ready', '63 00000004'],
  [{ kind: 'copyFail', reason: 'no' }, 'ready', '66 00000007 6e6f00'],
  [
    { kind: 'functionCall', functionOid: 1598, argumentFormats: [0], values: [text('1')], resultFormat: 1 },
    'ready',
    '46 00000015 0000063e 0001 0000 0001 00000001 31 0001',
  ],
  [{ kind: 'passwordMessage', password: text('pw') }, 'password', '70 00000007 707700'],
  [{ kind: 'saslInitialResponse', mechanism: 'M', data: text('x') }, 'saslInitial', '70 0000000b 4d00 00000001 78'],
  [{ kind: 'saslInitialResponse', mechanism: 'M', data: null }, 'saslInitial', '70 0000000a 4d00 ffffffff'],
  [{ kind: 'saslResponse', data: text('yz') }, 'saslResponse', '70 00000006 797a'],
]

export const serverSamples: readonly (readonly [ServerMessage, string])[] = [
  [{ kind: 'authenticationOk' }, '52 00000008 00000000'],
  [{ kind: 'authenticationCleartextPassword' }, '52 00000008 00000003'],
  [{ kind: 'authenticationMd5Password', salt: hex('01020304') }, '52 0000000c 00000005 01020304'],
  [{ kind: 'authenticationSasl', mechanisms: ['A', 'BC'] }, '52 0000000e 0000000a 4100 424300 00'],
  [{ kind: 'authenticationSaslContinue', data: text('r') }, '52 00000009 0000000b 72'],
  [{ kind: 'authenticationSaslFinal', data: text('v=') }, '52 0000000a 0000000c 763d'],
  [{ kind: 'backendKeyData', pid: 258, key: hex('deadbeef') }, '4b 0000000c 00000102 deadbeef'],
  [{ kind: 'backendKeyData', pid: -1, key: longKey }, `4b 00000108 ffffffff ${toHex(longKey)}`],
  [{ kind: 'parameterStatus', name: 'a', value: '' }, '53 00000007 6100 00'],
  [{ kind: 'readyForQuery', status: 'I' }, '5a 00000005 49'],
  [{ kind: 'readyForQuery', status: 'T' }, '5a 00000005 54'],
  [{ kind: 'readyForQuery', status: 'E' }, '5a 00000005 45'],
  [
    {
      kind: 'rowDescription',
      fields: [
        {
          name: 'n',
          raw: text('n'),
          tableOid: 4294967295,
          column: -1,
          typeOid: 23,
          typeSize: 4,
          typmod: -1,
          format: 0,
        },
      ],
    },
    '54 0000001a 0001 6e00 ffffffff ffff 00000017 0004 ffffffff 0000',
  ],
  [{ kind: 'rowDescription', fields: [] }, '54 00000006 0000'],
  [{ kind: 'parameterDescription', parameterTypes: [25, 2950] }, '74 0000000e 0002 00000019 00000b86'],
  [{ kind: 'dataRow', body: hex('0001 ffffffff') }, '44 0000000a 0001 ffffffff'],
  [{ kind: 'commandComplete', tag: 'SELECT 1' }, '43 0000000d 53454c454354203100'],
  [{ kind: 'emptyQueryResponse' }, '49 00000004'],
  [
    {
      kind: 'errorResponse',
      fields: [
        ['S', 'ERROR'],
        ['C', '42601'],
      ],
    },
    '45 00000013 53 4552524f5200 43 343236303100 00',
  ],
  [{ kind: 'noticeResponse', fields: [['M', 'hi']] }, '4e 00000009 4d 686900 00'],
  [{ kind: 'parseComplete' }, '31 00000004'],
  [{ kind: 'bindComplete' }, '32 00000004'],
  [{ kind: 'closeComplete' }, '33 00000004'],
  [{ kind: 'noData' }, '6e 00000004'],
  [{ kind: 'portalSuspended' }, '73 00000004'],
  [{ kind: 'notificationResponse', pid: 7, channel: 'c', payload: 'p' }, '41 0000000c 00000007 6300 7000'],
  [{ kind: 'copyInResponse', format: 0, columnFormats: [0, 0] }, '47 0000000b 00 0002 0000 0000'],
  [{ kind: 'copyOutResponse', format: 1, columnFormats: [1] }, '48 00000009 01 0001 0001'],
  [{ kind: 'copyBothResponse', format: 0, columnFormats: [] }, '57 00000007 00 0000'],
  [{ kind: 'copyData', data: text('x') }, '64 00000005 78'],
  [{ kind: 'copyDone' }, '63 00000004'],
  [
    { kind: 'negotiateProtocolVersion', newestMinor: 2, unrecognised: ['_pq_.x'] },
    '76 00000013 00030002 00000001 5f70715f2e7800',
  ],
  [{ kind: 'functionCallResponse', value: text('1') }, '56 00000009 00000001 31'],
  [{ kind: 'functionCallResponse', value: null }, '56 00000008 ffffffff'],
]

export const startupSamples: readonly (readonly [StartupPacket, string])[] = [
  [{ kind: 'sslRequest' }, '00000008 04d2162f'],
  [{ kind: 'gssencRequest' }, '00000008 04d21630'],
  [{ kind: 'cancelRequest', pid: 258, key: hex('01020304') }, '00000010 04d2162e 00000102 01020304'],
  [{ kind: 'cancelRequest', pid: 1, key: longKey }, `0000010c 04d2162e 00000001 ${toHex(longKey)}`],
  [
    {
      kind: 'startupMessage',
      minor: 0,
      parameters: [
        ['user', 'a'],
        ['user', 'b'],
      ],
    },
    '00000017 00030000 7573657200 6100 7573657200 6200 00',
  ],
  [{ kind: 'startupMessage', minor: 2, parameters: [] }, '00000009 00030002 00'],
]
