/** The version in package.json, which a test holds it to. Not read from there: a bundle has no package.json beside it. */
export const version = '0.1.0';
