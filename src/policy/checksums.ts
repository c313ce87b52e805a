/** Check digits of identifiers. All take digits and letters alone, without separators. */

/** ISO/IEC 7812-1, annex B: payment cards. */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    sum += at % 2 === 1 ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

/** ISO 13616: the first four characters go to the end, letters count from 10, and the rest of 97 is 1. */
export function iban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false
  let rest = 0
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0)
}

/** Netherlands, burgerservicenummer: the eleven test. */
export function bsn(digits: string): boolean {
  return /^\d{9}$/.test(digits) && digits !== '000000000' && weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

/** Poland: birth date in the first six digits, with the century in the month. */
export function pesel(digits: string): boolean {
  if (!/^\d{2}(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])\d{5}$/.test(digits)) return false
  return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

/** Brazil: two check digits of the rest of 11. */
export function cpf(digits: string): boolean {
  if (!/^\d{11}$/.test(digits) || /^(\d)\1*$/.test(digits)) return false
  return [9, 10].every((length) => {
    let sum = 0
    for (let at = 0; at < length; at++) sum += Number(digits[at]) * (length + 1 - at)
    return ((sum * 10) % 11) % 10 === Number(digits[length])
  })
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** Spain: DNI, and NIE with its first letter as a digit. */
export function dni(text: string): boolean {
  const [, first = '', digits = '', letter] = /^([XYZ]?)(\d{7,8})([A-Z])$/.exec(text) ?? []
  if (letter === undefined || first.length + digits.length !== 8) return false
  const number = Number(`${first === '' ? '' : 'XYZ'.indexOf(first)}${digits}`)
  return DNI_LETTERS[number % 23] === letter
}

/** France: numéro de sécurité sociale with its key; Corsica's departments have a letter. */
export function nir(text: string): boolean {
  const [, body, key] = /^([1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{6})(\d{2})$/.exec(text) ?? []
  if (body === undefined) return false
  const number = BigInt(body.replace('2A', '19').replace('2B', '18'))
  return 97n - (number % 97n) === BigInt(key ?? '')
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

/** Italy: codice fiscale. */
export function codiceFiscale(text: string): boolean {
  if (!/^[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]$/.test(text)) return false
  let sum = 0
  for (let at = 0; at < 15; at++) {
    const char = text[at] ?? ''
    const value = /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65
    sum += at % 2 === 0 ? (ODD[value] ?? 0) : value
  }
  return String.fromCharCode(65 + (sum % 26)) === text[15]
}

/** United States: numbers that are never given out are none. */
export function ssn(text: string): boolean {
  return /^(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/.test(text)
}
