import type { Command } from 'commander'
import { SallyportError } from '../../errors.ts'
import { createApiClient } from '../api/client.ts'
import { when, who } from '../api/print.ts'
import { waiting } from '../api/progress.ts'
import { type CliContext, storeOf } from '../context.ts'
import { openBrowser } from '../sign_in/browser.ts'
import { homeFolder, type Profile, readProfile, removeProfile, writeProfile } from '../sign_in/profile.ts'
import { serverAddress } from '../sign_in/server_address.ts'
import type { Person } from '../sign_in/sign_in.ts'
import { trustAlso } from '../sign_in/trust.ts'

interface LoginOptions {
  readonly server?: string
  readonly ca?: string
  readonly device: boolean
  readonly browser: boolean
}

export function addLogin(program: Command, context: CliContext): void {
  program
    .command('login')
    .description('Log in with your identity provider.')
    .option('--server <url>', 'the address of Sallyport; default: the one of last time, or SALLYPORT_SERVER')
    .option('--ca <file>', 'PEM of the authority of its certificate, where it is not a public one')
    .option('--device', 'by a code that is entered in a browser elsewhere', false)
    .option('--no-browser', 'show the address instead of opening it')
    .action((options: LoginOptions) => login(context, options))
  program
    .command('logout')
    .description('Forget the tokens on this machine.')
    .action(async () => {
      const home = homeFolder(context.env)
      const profile = await readProfile(home)
      if (profile !== null) await (await storeOf(home, profile.server, context.env)).remove()
      await removeProfile(home)
      context.out('logged out\n')
    })
}

async function login(context: CliContext, options: LoginOptions): Promise<void> {
  const home = homeFolder(context.env)
  const profile = await profileOf(context, options, await readProfile(home))
  const { discover, signInByBrowser, signInByDevice } = await import('../sign_in/sign_in.ts')
  const configuration = await discover(profile)
  const device = options.device || (!options.browser && configuration.serverMetadata().device_authorization_endpoint)
  const browse = async (url: string) => options.browser && (await openBrowser(url, context.env))
  const person: Person = { show: context.err, browse }
  const tokens = device
    ? await signInByDevice(configuration, profile, person)
    : await waiting(context, 'waiting for the browser', () => signInByBrowser(configuration, profile, person))
  const store = await storeOf(home, profile.server, context.env)
  await store.save(tokens)
  await writeProfile(home, profile)
  const me = await createApiClient(profile.server, async () => tokens.token).call('getMe', {})
  const renewed = tokens.refreshToken === null ? '' : ', renewed as needed'
  context.out(`logged in as ${who(me.person)} until ${when(new Date(tokens.expiresAt).toISOString())}${renewed}\n`)
  context.err(`the tokens lie in ${store.place}\n`)
}

/** The server says how to log in; what it trusts is the caller's to say. */
async function profileOf(context: CliContext, options: LoginOptions, before: Profile | null): Promise<Profile> {
  const named = options.server ?? context.env.SALLYPORT_SERVER ?? before?.server
  if (named === undefined) throw new SallyportError('SP-INPUT', 'name the server: sallyport login --server URL')
  const server = serverAddress(named)
  const kept = before?.server === server ? before.ca : null
  const path = options.ca ?? context.env.SALLYPORT_CA_FILE
  const ca = path === undefined ? kept : await context.read(path)
  if (ca !== null) trustAlso(ca)
  const settings = await createApiClient(server, async () => null).call('getClientSettings', {})
  const { issuer, client_id: clientId, scopes, token, resource } = settings
  return { server, ca, issuer, clientId, scopes, token, resource }
}
