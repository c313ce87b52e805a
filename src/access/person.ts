import type { Identity } from '../identity/identity.ts'
import type { PersonRef } from './model.ts'

/** A person with what else they may be called, where that is known. */
export type Persona = PersonRef & { readonly aliases?: readonly string[] }

export function refOf({ issuer, subject, email, name }: PersonRef): PersonRef {
  return { issuer, subject, email, name }
}

/**
 * True also where another issuer names the same address: one person may not be two because they have two logins. Rather
 * takes two for one than one for two. Subjects of different issuers may be equal by chance, so only addresses count.
 */
export function samePerson(one: Persona, other: Persona): boolean {
  if (one.issuer === other.issuer && one.subject === other.subject) return true
  const addresses = new Set(addressesOf(one))
  return addressesOf(other).some((address) => addresses.has(address))
}

/**
 * The person themselves, by what only the provider gives. `samePerson` rather takes two for one, by names that somebody may
 * have chosen: it keeps people from things, and lets them at nothing.
 */
export function isSelf(one: PersonRef, other: PersonRef): boolean {
  return one.issuer === other.issuer && one.subject === other.subject
}

export function isOneOf(person: Persona, others: readonly Persona[]): boolean {
  return others.some((other) => samePerson(person, other))
}

/** By their email alone: what else they are called they may have chosen themselves, so it gives them nothing. */
export function isNamedBy({ email }: Pick<Identity, 'email'>, emails: readonly string[]): boolean {
  return email !== null && emails.some((one) => folded(one) === folded(email))
}

/** More than ASCII: letters that only look different must not make two people. */
export function folded(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase()
}

/** For sentences. */
export function nameOf(person: PersonRef): string {
  return person.email ?? person.name ?? person.subject
}

function addressesOf({ email, subject, aliases }: Persona): readonly string[] {
  return [email, subject, ...(aliases ?? [])].flatMap((text) => (text?.includes('@') ? [folded(text)] : []))
}
