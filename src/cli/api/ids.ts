import type { ApiClient } from './client.ts'
import { everything } from './command.ts'
import { wholeId } from './short_id.ts'

const UUID_LENGTH = 36
const SERIAL_LENGTH = 32

/** Each gives the whole id for the beginning of one, as the tables show it. */

export function requestId(api: ApiClient, given: string): Promise<string> {
  const list = (view: 'to_answer' | 'mine' | 'all') => () =>
    everything((cursor) => api.call('listRequests', { query: { view, cursor } }))
  return wholeId(given, UUID_LENGTH, [list('to_answer'), list('mine'), list('all')])
}

export function grantId(api: ApiClient, given: string): Promise<string> {
  const list = (view: 'mine' | 'all') => () =>
    everything((cursor) => api.call('listGrants', { query: { view, cursor } }))
  return wholeId(given, UUID_LENGTH, [list('mine'), list('all')])
}

export function sessionId(api: ApiClient, given: string): Promise<string> {
  const list = (view: 'mine' | 'all') => () =>
    everything((cursor) => api.call('listSessions', { query: { view, cursor } }))
  return wholeId(given, UUID_LENGTH, [list('mine'), list('all')])
}

export function lockId(api: ApiClient, given: string): Promise<string> {
  return wholeId(given, UUID_LENGTH, [() => everything((cursor) => api.call('listLocks', { query: { cursor } }))])
}

export function delegationId(api: ApiClient, given: string): Promise<string> {
  const list = () => everything((cursor) => api.call('listDelegations', { query: { cursor } }))
  return wholeId(given, UUID_LENGTH, [list])
}

export function reviewId(api: ApiClient, given: string): Promise<string> {
  return wholeId(given, UUID_LENGTH, [() => everything((cursor) => api.call('listReviews', { query: { cursor } }))])
}

export function reviewLineId(api: ApiClient, id: string, given: string): Promise<string> {
  const list = () => everything((cursor) => api.call('listReviewItems', { params: { id }, query: { cursor } }))
  return wholeId(given, UUID_LENGTH, [list])
}

export function webhookId(api: ApiClient, given: string): Promise<string> {
  return wholeId(given, UUID_LENGTH, [() => everything((cursor) => api.call('listWebhooks', { query: { cursor } }))])
}

export function passwordId(api: ApiClient, given: string): Promise<string> {
  const list = (all: boolean) => () =>
    everything((cursor) => api.call('listPasswords', { query: { all: String(all), cursor } }))
  return wholeId(given, UUID_LENGTH, [list(false), list(true)])
}

export function certificateSerial(api: ApiClient, given: string): Promise<string> {
  const list = (all: boolean) => () =>
    everything((cursor) => api.call('listCertificates', { query: { all: String(all), cursor } }))
  return wholeId(given, SERIAL_LENGTH, [list(false), list(true)])
}
