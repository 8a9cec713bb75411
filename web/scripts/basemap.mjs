// The map below everything else, from Natural Earth as world-atlas packs it: land, borders, and where a country's name is written.
// GeoJSON, so that an operator can put a file of their own in the place of each: docs/basemap.md.
import { feature, mesh } from 'topojson-client'

// world-atlas has whole numbers of steps of 0.0036 degrees (400 m) in its finest file: three decimals lose nothing.
const DECIMALS = 3

/** Files by name, for `detail` '50m' or '10m'. */
export function basemapFiles(atlas, detail) {
  const { countries, land } = atlas.objects
  return {
    [`land-${detail}.geojson`]: written(one(unrolled(geometryOf(feature(atlas, land))))),
    [`borders-${detail}.geojson`]: written(one(unrolled(mesh(atlas, countries, (one, other) => one !== other)))),
  }
}

/** A point in each country, with its two-letter code where it has one: browsers know the names of these in every language. */
export function countryNames(atlas) {
  const features = feature(atlas, atlas.objects.countries).features.map(({ id, properties, geometry }) => {
    const largest = ringsOf(unrolled(geometry)).reduce((best, ring) => (areaOf(ring) > areaOf(best) ? ring : best))
    const region = id ? new Intl.Locale(`und-${id}`).region : ''
    const known = region && /^[A-Z]{2}$/.test(region) ? region : ''
    return {
      type: 'Feature',
      properties: { name: properties.name, region: known, area: Math.round(areaOf(largest) * 10) / 10 },
      geometry: { type: 'Point', coordinates: onTheMap(pointInside(largest)) },
    }
  })
  features.sort((one, other) => other.properties.area - one.properties.area)
  return written({ type: 'FeatureCollection', features })
}

const one = (geometry) => ({ type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry }] })

const written = (geojson) =>
  JSON.stringify(geojson, (_, value) => (typeof value === 'number' ? Number(value.toFixed(DECIMALS)) : value))

const geometryOf = (land) => (land.type === 'Feature' ? land.geometry : land.features[0].geometry)

/** On the globe of world-atlas, rings go over the 180th meridian and round the pole. On a flat map, longitudes go on beyond 180 instead. */
function unrolled(geometry) {
  if (geometry.type === 'MultiLineString') return { ...geometry, coordinates: geometry.coordinates.map(stepwise) }
  if (geometry.type === 'Polygon') return { ...geometry, coordinates: unrolledRings(geometry.coordinates) }
  return { ...geometry, coordinates: geometry.coordinates.map(unrolledRings) }
}

function unrolledRings([outer, ...holes]) {
  const edge = closedAtThePole(stepwise(outer))
  const [west, east] = [least(edge), -least(edge.map(([lon]) => [-lon]))]
  const beside = (hole) => (least(hole) < west ? 360 : -least(hole.map(([lon]) => [-lon])) > east ? -360 : 0)
  return [edge, ...holes.map(stepwise).map((hole) => hole.map(([lon, lat]) => [lon + beside(hole), lat]))]
}

/** No step between neighbours is longer than half the way round. */
function stepwise(line) {
  let turns = 0
  return line.map(([lon, lat], i) => {
    if (i > 0) turns -= Math.round((lon - line[i - 1][0]) / 360)
    return [lon + 360 * turns, lat]
  })
}

function closedAtThePole(ring) {
  const [first, last] = [ring[0][0], ring[ring.length - 1][0]]
  if (Math.abs(last - first) < 180) return ring
  const pole = ring[0][1] < 0 ? -90 : 90
  return [...ring, [last, pole], [first, pole], ring[0]]
}

const least = (line) => line.reduce((west, [lon]) => Math.min(west, lon), Infinity)

const ringsOf = ({ type, coordinates }) => (type === 'Polygon' ? [coordinates[0]] : coordinates.map((polygon) => polygon[0]))

const onTheMap = ([lon, lat]) => [lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon, lat]

/** In square degrees of the equator: what a person sees as large. */
function areaOf(ring) {
  let twice = 0
  for (let i = 1; i < ring.length; i++) twice += (ring[i][0] - ring[i - 1][0]) * (ring[i][1] + ring[i - 1][1])
  const middle = ring.reduce((sum, [, lat]) => sum + lat, 0) / ring.length
  return Math.abs(twice / 2) * Math.cos((middle * Math.PI) / 180)
}

/** The middle of the widest stretch inside the ring, among the lines of latitude through its middle part. */
function pointInside(ring) {
  const lats = ring.map(([, lat]) => lat)
  const [south, north] = [lats.reduce((a, b) => Math.min(a, b)), lats.reduce((a, b) => Math.max(a, b))]
  let best = { width: -1, point: ring[0] }
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7]) {
    const lat = south + (north - south) * share
    const crossings = []
    for (let i = 1; i < ring.length; i++) {
      const [[lon1, lat1], [lon2, lat2]] = [ring[i - 1], ring[i]]
      if (lat1 > lat !== lat2 > lat) crossings.push(lon1 + ((lon2 - lon1) * (lat - lat1)) / (lat2 - lat1))
    }
    crossings.sort((a, b) => a - b)
    for (let i = 1; i < crossings.length; i += 2) {
      const width = crossings[i] - crossings[i - 1]
      // A little wider is no reason to leave the middle.
      if (width > best.width * 1.2) best = { width, point: [(crossings[i] + crossings[i - 1]) / 2, lat] }
    }
  }
  return best.point
}
