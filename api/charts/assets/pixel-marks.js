// Thousands of small marks blended in an array: stamping each on a canvas takes four times longer.

const CHANNELS = 4;

/** What a stamp adds: by pixel that is not empty, its column, row, and premultiplied color. */
export function inkOf(stamp) {
  const { width, height } = stamp;
  const { data } = stamp.getContext("2d").getImageData(0, 0, width, height);
  const pixels = d3.range(width * height).filter((at) => data[CHANNELS * at + 3]);
  return Float32Array.from(
    pixels.flatMap((at) => {
      const [red, green, blue, alpha] = data.slice(CHANNELS * at, CHANNELS * (at + 1));
      const share = alpha / 255;
      return [at % width, Math.floor(at / width), red * share, green * share, blue * share, share];
    }),
  );
}

export class PixelMarks {
  constructor(width, height) {
    this.image = new ImageData(width, height);
  }

  /** Lay a stamp's ink over what is there; colors stay premultiplied until `show`. */
  put(ink, left, top, opacity) {
    const { width, height, data } = this.image;
    for (let n = 0; n < ink.length; n += 6) {
      const x = left + ink[n];
      const y = top + ink[n + 1];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = CHANNELS * (y * width + x);
      const below = 1 - opacity * ink[n + 5];
      data[at] = opacity * ink[n + 2] + below * data[at];
      data[at + 1] = opacity * ink[n + 3] + below * data[at + 1];
      data[at + 2] = opacity * ink[n + 4] + below * data[at + 2];
      data[at + 3] = 255 * opacity * ink[n + 5] + below * data[at + 3];
    }
  }

  /** Put the marks on a canvas, in place of what it shows. */
  show(context) {
    const { data } = this.image;
    for (let at = 0; at < data.length; at += CHANNELS) {
      const alpha = data[at + 3];
      if (!alpha || alpha === 255) continue;
      for (let channel = at; channel < at + 3; channel++) data[channel] *= 255 / alpha;
    }
    context.putImageData(this.image, 0, 0);
  }
}
