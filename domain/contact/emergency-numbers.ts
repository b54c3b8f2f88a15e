import { getTimezone } from 'countries-and-timezones';
import { isTimeZone } from '../time/instants.ts';
import { writtenZone } from '../time/zone-names.ts';

/**
 * Countries where one number is certain to bring medical help, from any phone. A country with several, or with one that differs
 * by region or carrier, is left out on purpose: the hospital's own default is said there. Needs local clinical approval.
 *
 * Sources: European Union Directive (EU) 2018/1972, article 109, and the EEA (112); the ITU's national emergency numbers
 * (Operational Bulletin, after E.129) and, for those that changed of late: India 112 (Emergency Response Support System),
 * Mexico 911 (since 2017), Türkiye 112 (one number since 2021).
 */
const countriesOf: Readonly<Record<string, readonly string[]>> = {
  '112': ['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IS', 'IT', 'LI', 'LT', 'LU', 'LV', 'MT', 'NL', 'NO', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK', 'IN', 'TR'],
  '911': ['US', 'CA', 'PR', 'MX'],
  '999': ['GB', 'GG', 'IM', 'JE', 'HK', 'MO', 'MY'],
  '119': ['JP', 'KR', 'TW'],
  '120': ['CN'],
  '000': ['AU'],
  '111': ['NZ'],
  '995': ['SG'],
};

const numbers: ReadonlyMap<string, string> = new Map(Object.entries(countriesOf).flatMap(([number, countries]) => countries.map((country) => [country, number])));

/**
 * The emergency number where a patient is: of the country that their zone's city lies in, by the time zone database's own
 * table (its first country is that of the city). The hospital's default where the zone names no country, or one without a
 * certain number. A traveller's number follows their zone.
 *
 * @param zone IANA name in any case, or null where it is not known
 */
export function emergencyNumberIn(zone: string | null, hospitalDefault: string): string {
  const country = zone === null || !isTimeZone(zone) ? undefined : getTimezone(writtenZone(zone))?.countries[0];
  return numbers.get(country ?? '') ?? hospitalDefault;
}
