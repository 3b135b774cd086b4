const SIZE = 16

// One character per pixel; `#` is drawn.
const KEY = `
................
....####........
...#....#.......
..#......#......
..#......#......
..#......#......
...#....#.......
....####........
......##........
......##........
......##........
......####......
......##........
......#####.....
......##........
................`
  .trim()
  .split('\n')

/** Returns the icon of this server: a key, 16 by 16 pixels, 1,150 bytes. */
export function favicon(): Buffer {
  const header = Buffer.alloc(22)
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(1, 4)
  header.writeUInt8(SIZE, 6)
  header.writeUInt8(SIZE, 7)
  header.writeUInt16LE(1, 10)
  header.writeUInt16LE(32, 12)
  const image = bitmap()
  header.writeUInt32LE(image.length, 14)
  header.writeUInt32LE(header.length, 18)
  return Buffer.concat([header, image])
}

// In an icon the height counts twice, for a mask, which is empty with 32 bits per pixel. The rows are stored from the bottom up.
function bitmap(): Buffer {
  const info = Buffer.alloc(40)
  info.writeUInt32LE(40, 0)
  info.writeInt32LE(SIZE, 4)
  info.writeInt32LE(SIZE * 2, 8)
  info.writeUInt16LE(1, 12)
  info.writeUInt16LE(32, 14)
  const pixels = Buffer.alloc(SIZE * SIZE * 4)
  KEY.toReversed().forEach((row, y) => {
    for (let x = 0; x < SIZE; x++) {
      if (row[x] === '#') pixels.writeUInt32LE(0xff3b5bdb, (y * SIZE + x) * 4)
    }
  })
  const mask = Buffer.alloc(SIZE * 4)
  return Buffer.concat([info, pixels, mask])
}
