/** What the words of a column's name say, the first that matches. */
interface NameRule {
  readonly class: string
  /** Over the name in snake case. */
  readonly name: RegExp
  /** Over the words of the table's name too, where the column's are common ones. */
  readonly table?: RegExp
  readonly type: 'text' | 'date' | 'number' | 'any'
}

const PEOPLE =
  /(?:^|_)(?:users?|persons?|people|customers?|clients?|contacts?|employees?|members?|patients?|students?|staff|authors?|drivers?|guests?|leads?|subscribers?|applicants?|tenants?)(?:_|$)/
/** Not the thing, but something about it. */
const ABOUT =
  /(?:^|_)(?:id|uuid|count|counts|total|num|status|state|type|kind|template|subject|body|sent|verified|confirmed|enabled|optin|opt|flag|at|model|format|domain|provider|valid|required|pattern|length|changes?|version|label|code|prefix|limit|quota|sequence|score|rate|category|expires|updated|created|bounced|hint|reset)$/

const RULES: readonly NameRule[] = [
  { class: 'pii.email', name: /(?:^|_)(?:e_?mails?|email_?address|mail_address)(?:_|$)/, type: 'text' },
  {
    class: 'pii.phone',
    name: /(?:^|_)(?:phone|telephone|mobile|cellphone|fax|msisdn|phone_number|tel|handy|telefon)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'pii.national_id',
    name: /(?:^|_)(?:ssn|social_security|national_id|nin|nino|bsn|pesel|cpf|dni|nif|nir|personnummer|tax_id|tin|passport|passport_number|driv(?:er|ing)_licen[cs]e|codice_fiscale|steuer_id|id_card|aadhaar)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'financial.iban',
    name: /(?:^|_)(?:iban|bank_account|account_number|bic|sort_code|routing_number)(?:_|$)/,
    type: 'text',
  },
  {
    class: 'financial.card',
    name: /(?:^|_)(?:card_number|credit_card|cc_number|pan|card_no|cardnumber|cvv|cvc)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'secret',
    name: /(?:^|_)(?:password|passwd|pwd|passphrase|secret|api_key|apikey|private_key|access_token|refresh_token|auth_token|token_hash|otp_secret|totp|password_hash|password_digest|encrypted_password|recovery_codes?)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'pii.birth_date',
    name: /(?:^|_)(?:dob|birth_?date|date_of_birth|birthday|born|born_on|geburtsdatum|birth_year|year_of_birth)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'pii.name',
    name: /(?:^|_)(?:first_?name|last_?name|sur_?name|given_?name|family_?name|full_?name|middle_?name|maiden_?name|vorname|nachname|display_name|cardholder|contact_name|holder_name)(?:_|$)/,
    type: 'text',
  },
  { class: 'pii.name', name: /^name$/, table: PEOPLE, type: 'text' },
  {
    class: 'pii.address',
    name: /(?:^|_)(?:street|address|addr|address_?line_?\d?|house_number|postal_?code|post_?code|zip|zip_?code|plz|strasse|home_address|city_of_residence)(?:_|$)/,
    type: 'any',
  },
  { class: 'pii.location', name: /(?:^|_)(?:lat|latitude|lng|lon|longitude|geo_?point|gps)(?:_|$)/, type: 'any' },
  {
    class: 'pii.ip',
    name: /(?:^|_)(?:ip|ip_?addr(?:ess)?|remote_addr|client_ip|last_ip|sign_in_ip)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'pii.device',
    name: /(?:^|_)(?:mac_?address|imei|device_id|idfa|advertising_id|user_agent)(?:_|$)/,
    type: 'text',
  },
  { class: 'pii.gender', name: /(?:^|_)(?:gender|sex)$/, type: 'any' },
  {
    class: 'phi.health',
    name: /(?:^|_)(?:diagnos[ie]s|icd_?10|icd|medication|prescription|allerg(?:y|ies)|blood_type|medical_record|mrn|health_condition|symptoms?)(?:_|$)/,
    type: 'any',
  },
  {
    class: 'financial.salary',
    name: /(?:^|_)(?:salary|wage|gross_pay|net_pay|compensation|bonus_amount)(?:_|$)/,
    type: 'any',
  },
]

/** Words of other things that hold one of those: an e-mail's template, the address of a server, a token of a parser. */
const OTHER_THINGS =
  /(?:^|_)(?:ip_?v?\d?_?range|address_type|phone_model|mail_?server|smtp|template|queue|wallet|mac_version|street_?light)(?:_|$)/

function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}

/** The class that the name suggests, or null. */
export function classByName(table: string, column: string, isText: boolean): string | null {
  const name = snakeCase(column)
  if (OTHER_THINGS.test(name)) return null
  const rule = RULES.find(
    (one) => one.name.test(name) && (one.table?.test(snakeCase(table)) ?? true) && (one.type !== 'text' || isText),
  )
  if (!rule) return null
  // `tax_id` and `device_id` are the thing itself.
  const rest = name.replace(rule.name, '_')
  return ABOUT.test(rest) && rest.replaceAll('_', '') !== '' ? null : rule.class
}
