// Azimuths in degrees from north, and where they lie across a picture whose left edge is at `rotation`.

export const turned = (degrees) => ((degrees % 360) + 360) % 360;

/** share: 0 at the left edge, 1 at the right. */
export const azimuthAt = (share, rotation) => turned(Math.min(Math.max(share, 0), 1 - 1e-9) * 360 + rotation);

/** 0 to 1. */
export const xOf = (azimuth, rotation) => turned(azimuth - rotation) / 360;
