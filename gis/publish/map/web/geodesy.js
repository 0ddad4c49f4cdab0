// Geodesy on WGS 84: the geodesic between two positions, and UTM coordinates.
const Geodesy = (() => {
  const A = 6378137, F = 1 / 298.257223563, B = A * (1 - F);
  const radians = degrees => degrees * Math.PI / 180;

  // Metres between two positions in degrees. Vincenty (1975), "Direct and inverse solutions of geodesics on the
  // ellipsoid", eqs. 13-21: well under a millimetre, except for nearly antipodal positions, which give NaN.
  function distance(lon1, lat1, lon2, lat2) {
    const L = radians(lon2 - lon1);
    const U1 = Math.atan((1 - F) * Math.tan(radians(lat1))), U2 = Math.atan((1 - F) * Math.tan(radians(lat2)));
    const sinU1 = Math.sin(U1), cosU1 = Math.cos(U1), sinU2 = Math.sin(U2), cosU2 = Math.cos(U2);
    let lambda = L;
    for (let round = 0; round < 200; round++) {
      const sinLambda = Math.sin(lambda), cosLambda = Math.cos(lambda);
      const sinSigma = Math.hypot(cosU2 * sinLambda, cosU1 * sinU2 - sinU1 * cosU2 * cosLambda);
      if (sinSigma === 0) return 0;
      const cosSigma = sinU1 * sinU2 + cosU1 * cosU2 * cosLambda;
      const sigma = Math.atan2(sinSigma, cosSigma);
      const sinAlpha = cosU1 * cosU2 * sinLambda / sinSigma;
      const cosSqAlpha = 1 - sinAlpha * sinAlpha;
      const cos2SigmaM = cosSqAlpha > 1e-15 ? cosSigma - 2 * sinU1 * sinU2 / cosSqAlpha : 0; // 0 on the equator
      const C = F / 16 * cosSqAlpha * (4 + F * (4 - 3 * cosSqAlpha));
      const before = lambda;
      lambda = L + (1 - C) * F * sinAlpha
        * (sigma + C * sinSigma * (cos2SigmaM + C * cosSigma * (2 * cos2SigmaM ** 2 - 1)));
      if (Math.abs(lambda - before) < 1e-13) {
        const uSq = cosSqAlpha * (A * A - B * B) / (B * B);
        const bigA = 1 + uSq / 16384 * (4096 + uSq * (-768 + uSq * (320 - 175 * uSq)));
        const bigB = uSq / 1024 * (256 + uSq * (-128 + uSq * (74 - 47 * uSq)));
        const deltaSigma = bigB * sinSigma * (cos2SigmaM + bigB / 4 * (cosSigma * (2 * cos2SigmaM ** 2 - 1)
          - bigB / 6 * cos2SigmaM * (4 * sinSigma ** 2 - 3) * (4 * cos2SigmaM ** 2 - 3)));
        return B * bigA * (sigma - deltaSigma);
      }
    }
    return NaN;
  }

  // UTM of a position in degrees: {zone, north, easting, northing}, or null beyond UTM's latitudes. Krüger's series
  // to the sixth order, Karney (2011), "Transverse Mercator with an accuracy of a few nanometers", eqs. 7-11, 35.
  const n = F / (2 - F), E = Math.sqrt(F * (2 - F));
  const RECTIFYING = A / (1 + n) * (1 + n ** 2 / 4 + n ** 4 / 64 + n ** 6 / 256);
  const ALPHA = [
    n / 2 - 2 / 3 * n ** 2 + 5 / 16 * n ** 3 + 41 / 180 * n ** 4 - 127 / 288 * n ** 5 + 7891 / 37800 * n ** 6,
    13 / 48 * n ** 2 - 3 / 5 * n ** 3 + 557 / 1440 * n ** 4 + 281 / 630 * n ** 5 - 1983433 / 1935360 * n ** 6,
    61 / 240 * n ** 3 - 103 / 140 * n ** 4 + 15061 / 26880 * n ** 5 + 167603 / 181440 * n ** 6,
    49561 / 161280 * n ** 4 - 179 / 168 * n ** 5 + 6601661 / 7257600 * n ** 6,
    34729 / 80640 * n ** 5 - 3418889 / 1995840 * n ** 6,
    212378941 / 319334400 * n ** 6,
  ];

  function utm(lon, lat) {
    if (!(lat >= -80 && lat <= 84)) return null;
    const zone = Math.min(60, Math.floor((lon + 180) / 6) + 1);
    const lambda = radians(lon - (zone * 6 - 183)), sine = Math.sin(radians(lat));
    const tau = Math.sinh(Math.atanh(sine) - E * Math.atanh(E * sine));
    const xi0 = Math.atan2(tau, Math.cos(lambda)), eta0 = Math.asinh(Math.sin(lambda) / Math.hypot(tau, Math.cos(lambda)));
    let xi = xi0, eta = eta0;
    ALPHA.forEach((a, i) => {
      const k = 2 * (i + 1);
      xi += a * Math.sin(k * xi0) * Math.cosh(k * eta0);
      eta += a * Math.cos(k * xi0) * Math.sinh(k * eta0);
    });
    const north = lat >= 0;
    return {
      zone, north,
      easting: 500000 + 0.9996 * RECTIFYING * eta,
      northing: (north ? 0 : 10000000) + 0.9996 * RECTIFYING * xi,
    };
  }

  return { distance, utm };
})();
