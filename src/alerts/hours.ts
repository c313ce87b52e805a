import type { Hours } from '../audit/alert_settings.ts'

const MINUTE_MS = 60_000
const MINUTES_PER_HOUR = 60
const DAYS_PER_WEEK = 7
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** Whether a time is one at which people work. Worked out once a minute: asked for each statement it costs nothing. */
export class WorkingHours {
  readonly #hours: Hours
  readonly #format: Intl.DateTimeFormat
  #minute = Number.NaN
  #outside = false

  constructor(hours: Hours) {
    this.#hours = hours
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: hours.timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  }

  isOutside(at: number): boolean {
    const minute = Math.floor(at / MINUTE_MS)
    if (minute === this.#minute) return this.#outside
    this.#minute = minute
    this.#outside = !this.#isInside(at)
    return this.#outside
  }

  /** A span over midnight belongs to the day on which it begins; one that ends as it begins is the whole day. */
  #isInside(at: number): boolean {
    const { days, from, to } = this.#hours
    const { day, minutes } = this.#localTime(at)
    const before = (day + DAYS_PER_WEEK - 1) % DAYS_PER_WEEK
    if (from === to) return days.includes(day)
    if (from < to) return days.includes(day) && minutes >= from && minutes < to
    return (days.includes(day) && minutes >= from) || (days.includes(before) && minutes < to)
  }

  #localTime(at: number): { readonly day: number; readonly minutes: number } {
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, value]))
    const day = WEEKDAYS.indexOf(parts.get('weekday') ?? '')
    return { day, minutes: Number(parts.get('hour')) * MINUTES_PER_HOUR + Number(parts.get('minute')) }
  }
}
