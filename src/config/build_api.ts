import type { ApiConfig } from './config.ts'
import type { Merged } from './merge.ts'
import type { Resolver } from './resolve.ts'

/** What stands for a secret that could not be read: the configuration is refused then, and this never used. */
const UNREAD = ''
const PATH = ['api']

/** Null where the configuration has no admin API. */
export async function buildApi(merged: Merged, resolver: Resolver): Promise<ApiConfig | null> {
  const { api } = merged.node.value
  if (api === undefined) return null
  const { at } = merged.node
  const { host, port, publicUrl, trustedProxies, rates, webhooks, tls } = api
  for (const [index, reference] of webhooks.secrets.entries()) {
    await resolver.secret(reference, at, [...PATH, 'webhooks', 'secrets', index])
  }
  return {
    host,
    port,
    publicUrl,
    trustedProxies,
    rates,
    webhooks,
    tls: tls === undefined ? null : await resolver.keyPair(tls, at, [...PATH, 'tls']),
    login: await loginOf(merged, resolver),
    client: clientOf(merged),
    slack: await slackOf(merged, resolver),
  }
}

function clientOf({ node: { value } }: Merged): ApiConfig['client'] {
  const client = value.api?.client
  if (client === undefined) return null
  const addresses = client.addresses.map((address) => ({ ...address, target: address.target ?? null }))
  return { ...client, resource: client.resource ?? null, addresses }
}

async function loginOf({ node: { value, at } }: Merged, resolver: Resolver): Promise<ApiConfig['login']> {
  const login = value.api?.login
  if (login === undefined) return null
  const { clientId, clientSecret, scopes, token, maxSession } = login
  const secret =
    clientSecret === undefined
      ? null
      : ((await resolver.secret(clientSecret, at, [...PATH, 'login', 'clientSecret'])) ?? UNREAD)
  return { clientId, clientSecret: secret, scopes, token, maxSessionMs: maxSession }
}

async function slackOf({ node: { value, at } }: Merged, resolver: Resolver): Promise<ApiConfig['slack']> {
  const slack = value.api?.slack
  if (slack === undefined) return null
  const secret = async (name: 'signingSecret' | 'botToken') =>
    (await resolver.secret(slack[name], at, [...PATH, 'slack', name])) ?? UNREAD
  return {
    signingSecret: await secret('signingSecret'),
    botToken: await secret('botToken'),
    teamId: slack.teamId,
    channel: slack.channel ?? null,
  }
}
