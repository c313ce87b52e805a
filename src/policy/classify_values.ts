import { bsn, codiceFiscale, cpf, dni, iban, luhn, nir, pesel, ssn } from './checksums.ts'

/** Says of one value whether it looks like one of the class. */
interface ValueTest {
  readonly class: string
  /** Values that are none pass it seldom: it needs no name beside it. */
  readonly strong: boolean
  readonly test: (value: string) => boolean
}

const EMAIL = /^[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}$/
/** With its country, with the 0 or the parentheses of an area, or as North America writes it. */
const PHONE =
  /^(?:\+|00)[1-9][\d ()./-]{6,20}\d$|^\(?0\d{1,5}\)?[ ./-]\d{2,4}(?:[ .-]?\d{2,4}){1,3}$|^(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\/\d{1,2})?$/
/** Eight groups, or fewer with `::` for the rest. */
const IPV6 =
  /^(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?=.*::)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?:\/\d{1,3})?$/
const MAC = /^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/
const CARD = /^(?:4|5[1-5]|2[2-7]|3[47]|3[068]|6)\d{11,18}$/
const NINO = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/
/** Password hashes, JSON web tokens, private keys, and keys that say themselves whose they are. */
const SECRET =
  /^\$(?:2[aby]|argon2(?:id|i|d)|scrypt|6|5|1)\$|^\{?(?:SSHA|PBKDF2)|^eyJ[\w-]{8,}\.[\w-]+\.|^-----BEGIN [A-Z ]*PRIVATE KEY|^(?:sk|pk|rk)_(?:live|test)_\w{10,}|^(?:ghp|gho|ghs)_\w{20,}|^(?:AKIA|ASIA)[A-Z0-9]{16}$|^xox[abprs]-/

/** Two or three capitalised words without digits: a full name where the first is a known one. */
const WORDS = /^\p{Lu}[\p{L}'’.-]{0,29}(?: (?:\p{Lu}|[dv])[\p{L}'’.-]{0,29}){0,3}$/u

const FIRST_NAMES: ReadonlySet<string> = new Set(
  `james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph jessica
  thomas sarah charles karen daniel lisa matthew nancy anthony betty mark sandra paul ashley steven emily andrew kimberly
  kevin donna brian michelle george carol edward amanda ronald melissa alice bob carlos maria jose juan luis ana lucia
  sofia pablo antonio marta pierre jean marie camille luc julie sophie nicolas claire hans peter klaus anna lena lukas
  felix laura jonas leon mia emma paula giulia marco luca francesca matteo chiara alessandro jan piet sanne daan lotte
  anders lars ingrid erik astrid olga ivan dmitri natalia piotr agnieszka katarzyna tomasz ahmed fatima mohammed omar
  layla yusuf aisha wei li ming hiroshi yuki sakura kenji priya raj arjun ananya deepa minh linh thi chen`.split(/\s+/),
)

function bare(value: string): string {
  return value.replaceAll(/[ ./-]/g, '').toUpperCase()
}

function isName(value: string): boolean {
  if (!WORDS.test(value)) return false
  return FIRST_NAMES.has(value.split(' ')[0]?.toLowerCase() ?? '')
}

function isNationalId(value: string): boolean {
  const text = bare(value)
  return (
    ssn(value) ||
    dni(text) ||
    nir(text) ||
    pesel(text) ||
    cpf(text) ||
    bsn(text) ||
    codiceFiscale(text) ||
    NINO.test(text)
  )
}

/** In this order: what has a check digit comes before what is a mere shape. */
export const VALUE_TESTS: readonly ValueTest[] = [
  { class: 'pii.email', strong: true, test: (value) => EMAIL.test(value) },
  { class: 'secret', strong: true, test: (value) => SECRET.test(value) },
  { class: 'financial.iban', strong: true, test: (value) => iban(bare(value)) },
  { class: 'financial.card', strong: true, test: (value) => CARD.test(bare(value)) && luhn(bare(value)) },
  { class: 'pii.national_id', strong: true, test: isNationalId },
  { class: 'pii.ip', strong: true, test: (value) => IPV4.test(value) || IPV6.test(value) },
  { class: 'pii.device', strong: true, test: (value) => MAC.test(value) },
  { class: 'pii.phone', strong: true, test: (value) => PHONE.test(value) && !/^\d{4}-\d\d-\d\d/.test(value) },
  { class: 'pii.name', strong: false, test: isName },
]
