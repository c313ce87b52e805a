import type { ClientMessage } from '../../../src/wire/postgres/client.ts'
import { encodeDataRow } from '../../../src/wire/postgres/data-row.ts'
import { errorFields } from '../../../src/wire/postgres/error-response.ts'
import type { RowDescriptionInput } from '../../../src/wire/postgres/row-description.ts'
import type { ServerMessage } from '../../../src/wire/postgres/server.ts'
import type { StartupPacket } from '../../../src/wire/postgres/startup.ts'
import { hex, text } from './samples.ts'

type Step =
  | { readonly client: StartupPacket | ClientMessage }
  | { readonly server: ServerMessage | RowDescriptionInput }

const client = (message: StartupPacket | ClientMessage): Step => ({ client: message })
const server = (message: ServerMessage | RowDescriptionInput): Step => ({ server: message })
const ready = (status: 'I' | 'T' | 'E'): Step => server({ kind: 'readyForQuery', status })
const complete = (tag: string): Step => server({ kind: 'commandComplete', tag })
const row = (...values: (string | null)[]): Step =>
  server({ kind: 'dataRow', body: encodeDataRow(values.map((v) => (v === null ? null : text(v)))).subarray(5) })
const field = (name: string, column: number, typeOid: number, typeSize: number) => ({
  name,
  tableOid: 16_385,
  column,
  typeOid,
  typeSize,
  typmod: -1,
  format: 0 as const,
})
const users = server({ kind: 'rowDescription', fields: [field('id', 1, 23, 4), field('email', 2, 25, -1)] })
const error = (sqlstate: string, message: string): Step =>
  server({ kind: 'errorResponse', fields: errorFields({ severity: 'ERROR', sqlstate, message }) })
const parse = (name: string, query: string): Step => client({ kind: 'parse', name, text: query, parameterTypes: [23] })
const bind = (portal: string, statement: string, value: string | null): Step =>
  client({
    kind: 'bind',
    portal,
    statement,
    parameterFormats: [0],
    values: [value === null ? null : text(value)],
    resultFormats: [0],
  })
const execute = (portal: string, maxRows: number): Step => client({ kind: 'execute', portal, maxRows })
const sync = client({ kind: 'sync' })
const parameters = (database: string) =>
  [
    ['user', 'alice'],
    ['database', database],
    ['application_name', 'psql'],
  ] as const

/** A protocol story each ("Message Flow" of the documentation); its golden file has the same name. */
export const stories: Readonly<Record<string, readonly Step[]>> = {
  'startup-password': [
    client({ kind: 'gssencRequest' }),
    client({ kind: 'sslRequest' }),
    client({ kind: 'startupMessage', minor: 0, parameters: parameters('shop') }),
    server({ kind: 'authenticationCleartextPassword' }),
    client({ kind: 'passwordMessage', password: text('a.token.here') }),
    server({ kind: 'authenticationOk' }),
    server({ kind: 'parameterStatus', name: 'server_version', value: '18.0' }),
    server({ kind: 'parameterStatus', name: 'client_encoding', value: 'UTF8' }),
    server({ kind: 'backendKeyData', pid: 4242, key: hex('deadbeef') }),
    server({
      kind: 'noticeResponse',
      fields: errorFields({ severity: 'NOTICE', sqlstate: '00000', message: 'target shop' }),
    }),
    ready('I'),
    client({ kind: 'terminate' }),
  ],
  'startup-scram-3.2': [
    client({ kind: 'startupMessage', minor: 9999, parameters: [...parameters('shop'), ['_pq_.greeting', '1']] }),
    server({ kind: 'negotiateProtocolVersion', newestMinor: 2, unrecognised: ['_pq_.greeting'] }),
    server({ kind: 'authenticationSasl', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] }),
    client({ kind: 'saslInitialResponse', mechanism: 'SCRAM-SHA-256', data: text('y,,n=,r=abc') }),
    server({ kind: 'authenticationSaslContinue', data: text('r=abcdef,s=QQ==,i=4096') }),
    client({ kind: 'saslResponse', data: text('c=eSws,r=abcdef,p=AAAA') }),
    server({ kind: 'authenticationSaslFinal', data: text('v=AAAA') }),
    server({ kind: 'authenticationOk' }),
    server({ kind: 'backendKeyData', pid: 4242, key: Uint8Array.from({ length: 32 }, (_, i) => i) }),
    ready('I'),
  ],
  'simple-query': [
    client({ kind: 'query', text: 'BEGIN;\nSELECT id, email FROM users; SELECT 1/0; SELECT 2' }),
    complete('BEGIN'),
    users,
    row('1', 'alice@example.test'),
    row('2', null),
    row('3', ''),
    row('4', 'caf\u00e9'),
    complete('SELECT 4'),
    error('22012', 'division by zero'),
    ready('E'),
    client({ kind: 'query', text: 'ROLLBACK' }),
    complete('ROLLBACK'),
    ready('I'),
    client({ kind: 'query', text: '' }),
    server({ kind: 'emptyQueryResponse' }),
    server({ kind: 'parameterStatus', name: 'TimeZone', value: 'UTC' }),
    server({ kind: 'notificationResponse', pid: 17, channel: 'orders', payload: 'new' }),
    ready('I'),
  ],
  'extended-pipeline': [
    parse('find', 'SELECT id, email FROM users WHERE id = $1'),
    client({ kind: 'describe', target: 'statement', name: 'find' }),
    bind('', 'find', '1'),
    execute('', 0),
    bind('', 'find', null),
    client({ kind: 'describe', target: 'portal', name: '' }),
    execute('', 0),
    client({ kind: 'close', target: 'statement', name: 'find' }),
    sync,
    server({ kind: 'parseComplete' }),
    server({ kind: 'parameterDescription', parameterTypes: [23] }),
    users,
    server({ kind: 'bindComplete' }),
    row('1', 'alice@example.test'),
    complete('SELECT 1'),
    server({ kind: 'bindComplete' }),
    users,
    complete('SELECT 0'),
    server({ kind: 'closeComplete' }),
    ready('I'),
    parse('', 'DELETE FROM users WHERE id = $1'),
    client({ kind: 'describe', target: 'statement', name: '' }),
    client({ kind: 'flush' }),
    server({ kind: 'parseComplete' }),
    server({ kind: 'parameterDescription', parameterTypes: [23] }),
    server({ kind: 'noData' }),
    sync,
    ready('I'),
  ],
  'error-skip-until-sync': [
    parse('', 'SELECT * FROM missing WHERE id = $1'),
    bind('', '', '1'),
    execute('', 0),
    sync,
    parse('', 'SELECT id, email FROM users WHERE id = $1'),
    bind('', '', '2'),
    execute('', 0),
    sync,
    error('42P01', 'relation "missing" does not exist'),
    ready('I'),
    server({ kind: 'parseComplete' }),
    server({ kind: 'bindComplete' }),
    row('2', null),
    complete('SELECT 1'),
    ready('I'),
  ],
  'portal-suspension': [
    bind('c', 'find', '1'),
    execute('c', 2),
    client({ kind: 'flush' }),
    server({ kind: 'bindComplete' }),
    row('1', 'a'),
    row('2', 'b'),
    server({ kind: 'portalSuspended' }),
    execute('c', 2),
    client({ kind: 'close', target: 'portal', name: 'c' }),
    sync,
    row('3', 'c'),
    complete('SELECT 1'),
    server({ kind: 'closeComplete' }),
    ready('T'),
  ],
  copy: [
    client({ kind: 'query', text: 'COPY users FROM STDIN' }),
    server({ kind: 'copyInResponse', format: 0, columnFormats: [0, 0] }),
    client({ kind: 'copyData', data: text('1\talice\n2\t') }),
    client({ kind: 'copyData', data: text('\\N\n') }),
    client({ kind: 'copyDone' }),
    complete('COPY 2'),
    ready('I'),
    client({ kind: 'query', text: 'COPY users FROM STDIN' }),
    server({ kind: 'copyInResponse', format: 0, columnFormats: [0, 0] }),
    client({ kind: 'copyFail', reason: 'stopped' }),
    error('57014', 'COPY from stdin failed: stopped'),
    ready('I'),
    client({ kind: 'query', text: 'COPY users TO STDOUT (FORMAT binary)' }),
    server({ kind: 'copyOutResponse', format: 1, columnFormats: [1, 1] }),
    server({ kind: 'copyData', data: hex('5047434f50590aff0d0a00') }),
    server({ kind: 'copyDone' }),
    complete('COPY 0'),
    ready('I'),
  ],
  'cancel-3.0': [client({ kind: 'cancelRequest', pid: 4242, key: hex('deadbeef') })],
  'cancel-3.2': [
    client({ kind: 'sslRequest' }),
    client({ kind: 'cancelRequest', pid: 4242, key: Uint8Array.from({ length: 256 }, (_, i) => i) }),
  ],
  'function-call': [
    client({
      kind: 'functionCall',
      functionOid: 952,
      argumentFormats: [1],
      values: [hex('00000001'), null],
      resultFormat: 0,
    }),
    server({ kind: 'functionCallResponse', value: null }),
    ready('I'),
  ],
}
