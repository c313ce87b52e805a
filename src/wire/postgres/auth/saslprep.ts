/** RFC 3454 C.1.2: spaces that are not the ASCII one become it. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
/** RFC 3454 B.1: characters that are commonly mapped to nothing. */
// biome-ignore lint/suspicious/noMisleadingCharacterClass: joiners and variation selectors are what is removed
const NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/gu
/** RFC 4013 section 2.3: controls, private use, surrogates, tags and the characters of RFC 3454 C.6 to C.8. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}-\u{e007f}]|\u0340|\u0341/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the question
const ASCII = /^[\x00-\x7f]*$/

/**
 * SASLprep (RFC 4013) as PostgreSQL applies it: a password that the profile prohibits is used as it is. The
 * bidirectional and unassigned rules are not applied.
 */
export function saslPrep(password: string): string {
  if (ASCII.test(password)) return password
  const prepared = password.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  return prepared === '' || PROHIBITED.test(prepared) ? password : prepared
}
