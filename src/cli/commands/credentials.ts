import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { spanArgument } from '../api/arguments.ts'
import { asks, everything } from '../api/command.ts'
import { certificateSerial, grantId, passwordId } from '../api/ids.ts'
import { table, when, who } from '../api/print.ts'
import { shortIds } from '../api/short_id.ts'
import type { CliContext, SignedIn } from '../context.ts'

const OWNER_ONLY = 0o600

interface PasswordOptions {
  readonly role?: string
  readonly grant?: string
  readonly for?: number
}

export function addPasswords(program: Command, context: CliContext): void {
  const password = program
    .command('password')
    .description('Short-lived connection passwords, for clients that want one.')
  const make = password
    .command('new')
    .description('Make one for a target; it is shown this once.')
    .argument('<target>', 'the name of the target')
    .option('--role <role>', 'where several grants are held')
    .option('--grant <id>', 'where several grants of a role are held')
    .option('--for <time>', 'how long it is good; default: as long as allowed', spanArgument)
  asks(make, context, async ({ api }: SignedIn, target: string, options: PasswordOptions) => {
    const { role, grant } = options
    const id = grant === undefined ? null : await grantId(api, grant)
    const body = { target, role: role ?? null, grant_id: id, duration_ms: options.for ?? null }
    const answer = await api.call('issuePassword', { body })
    const until = when(answer.record.expires_at)
    return { answer, text: `user      ${answer.user}\npassword  ${answer.password}\nuntil     ${until}\n` }
  })
  asks(password.command('ls').description('List them, without the passwords.'), context, async ({ api }: SignedIn) => {
    const items = await everything((cursor) => api.call('listPasswords', { query: { cursor } }))
    const short = shortIds(items)
    const rows = items.map((one) => [
      short(one.id),
      one.target,
      short(one.grant_id),
      when(one.created_at),
      when(one.revoked_at ?? one.expires_at),
    ])
    return { answer: items, text: table(['ID', 'TARGET', 'GRANT', 'MADE', 'GOOD UNTIL'], rows) }
  })
  const revoke = password.command('revoke').description('Make one void.').argument('<id>', 'the connection password')
  asks(revoke, context, async ({ api }: SignedIn, id: string) => {
    const answer = await api.call('revokePassword', { params: { id: await passwordId(api, id) } })
    return { answer, text: `${answer.id}: void\n` }
  })
}

interface CertificateOptions {
  readonly out: string
  readonly for?: number
  readonly csr?: string
}

export function addCertificates(program: Command, context: CliContext): void {
  const certs = program.command('certs').description('Short-lived client certificates of one’s own.')
  const make = certs
    .command('new')
    .description('Issue one and write NAME.crt, NAME.key and NAME-ca.crt.')
    .option('--out <name>', 'where to write', 'sallyport')
    .option('--csr <file>', 'a certification request or public key, PEM: no key is made then')
    .option('--for <time>', 'how long it is good', spanArgument)
  asks(make, context, async ({ api }: SignedIn, options: CertificateOptions) => {
    const key = options.csr === undefined ? null : await context.read(options.csr)
    const body = { public_key: key, duration_ms: options.for ?? null }
    const answer = await api.call('issueCertificate', { body })
    const { out } = options
    await writeFile(`${out}.crt`, answer.certificate)
    await writeFile(`${out}-ca.crt`, answer.chain)
    if (answer.private_key !== null) await writeFile(`${out}.key`, answer.private_key, { mode: OWNER_ONLY })
    // The key is in its file, and nowhere else.
    const { private_key: _, ...shown } = answer
    return { answer: shown, text: `${out}.crt is good until ${when(answer.record.expires_at)}\n` }
  })
  asks(certs.command('ls').description('List them.'), context, async ({ api }: SignedIn) => {
    const items = await everything((cursor) => api.call('listCertificates', { query: { cursor } }))
    const short = shortIds(items)
    const rows = items.map((one) => [
      short(one.id),
      who(one.identity),
      when(one.issued_at),
      when(one.revoked_at ?? one.expires_at),
    ])
    return { answer: items, text: table(['SERIAL', 'WHO', 'ISSUED', 'GOOD UNTIL'], rows) }
  })
  const revoke = certs.command('revoke').description('Make one void.').argument('<serial>', 'its serial number')
  asks(revoke, context, async ({ api }: SignedIn, id: string) => {
    const answer = await api.call('revokeCertificate', { params: { id: await certificateSerial(api, id) } })
    return { answer, text: `${answer.id}: void\n` }
  })
}
