// SPDX-License-Identifier: Apache-2.0
#include "media/clip_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sndfile.h>

#include "base/str.h"
#include "media/codec/codec.h"

enum { MAX_CHANNELS = 8, MAX_RATE_HZ = 192000, PIECE = 4096 };

/* Files without a head: what they hold stands in their names. */
static const struct {
	struct str suffix;
	enum codec_id codec;
	size_t bytes; /* read at once: whole frames, that decode to at most CODEC_MAX_PCM */
	uint32_t bytes_a_second;
} raws[] = {
	{{".g722", 5}, CODEC_G722, 1600, 8000}, {{".ulaw", 5}, CODEC_PCMU, 1600, 8000},
	{{".alaw", 5}, CODEC_PCMA, 1600, 8000}, {{".gsm", 4}, CODEC_GSM, 33 * 20, 1650},
};

static int16_t *pcm_new(size_t n)
{
	int16_t *pcm = malloc((n ? n : 1) * sizeof *pcm);
	if (!pcm)
		abort();
	return pcm;
}

static ssize_t read_whole(int fd, uint8_t *p, size_t n)
{
	size_t at = 0;
	while (at < n) {
		ssize_t got = read(fd, p + at, n - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)at;
		at += (size_t)got;
	}
	return (ssize_t)at;
}

static int decode_raw(int fd, enum codec_id id, size_t piece, size_t max, struct clip_pcm *out)
{
	struct codec_format f = codec_default(id);
	const struct codec_ops *ops = codec_get(id);
	void *dec = ops->decoder_new(&f);
	uint8_t bytes[PIECE];
	size_t n = 0;
	ssize_t got = 0;
	int err = dec ? 0 : ENOTSUP;
	int16_t *pcm = pcm_new(max + CODEC_MAX_PCM);
	while (!err && n < max && (got = read_whole(fd, bytes, piece)) > 0) {
		int m = ops->decode(dec, bytes, (size_t)got, pcm + n, CODEC_MAX_PCM);
		if (m < 0)
			err = E_MALFORMED;
		else
			n += (size_t)m;
	}
	if (dec)
		ops->decoder_free(dec);
	if (!err && got < 0)
		err = errno;
	if (err) {
		free(pcm);
		return err;
	}
	*out = (struct clip_pcm){.pcm = pcm, .n = (uint32_t)n, .rate_hz = f.rate_hz};
	return 0;
}

static int read_raw(int fd, size_t kind, uint64_t size, uint32_t max_s, struct clip_pcm *out)
{
	uint32_t a_second = raws[kind].bytes_a_second;
	struct codec_format f = codec_default(raws[kind].codec);
	if (size > (uint64_t)a_second * max_s)
		return E_LIMIT;
	size_t samples = (size_t)(size * f.rate_hz / a_second) + f.rate_hz / 50;
	return decode_raw(fd, raws[kind].codec, raws[kind].bytes, samples, out);
}

static int16_t mixed(const int16_t *frame, size_t channels)
{
	int32_t sum = 0;
	for (size_t c = 0; c < channels; c++)
		sum += frame[c];
	return (int16_t)(sum / (int32_t)channels);
}

/* Ogg does not always say how long it is: samples are taken as they come. */
static int read_samples(SNDFILE *file, const SF_INFO *info, size_t max, struct clip_pcm *out)
{
	size_t channels = (size_t)info->channels, n = 0, room = 0;
	int16_t piece[PIECE], *pcm = NULL;
	sf_count_t got;
	while ((got = sf_readf_short(file, piece, (sf_count_t)(PIECE / channels))) > 0) {
		if (n + (size_t)got > max) {
			free(pcm);
			return E_LIMIT;
		}
		if (n + (size_t)got > room) {
			room = (n + (size_t)got) * 2;
			pcm = realloc(pcm, room * sizeof *pcm);
			if (!pcm)
				abort();
		}
		for (sf_count_t i = 0; i < got; i++)
			pcm[n++] = mixed(piece + (size_t)i * channels, channels);
	}
	*out = (struct clip_pcm){.pcm = pcm ? pcm : pcm_new(0), .n = (uint32_t)n,
	                         .rate_hz = (uint32_t)info->samplerate};
	return 0;
}

static int read_sndfile(int fd, uint32_t max_s, struct clip_pcm *out)
{
	SF_INFO info = {.frames = 0};
	SNDFILE *file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
	int err = E_MALFORMED;
	if (!file)
		return err;
	bool fits = info.channels >= 1 && info.channels <= MAX_CHANNELS && info.samplerate >= 4000 &&
	            info.samplerate <= MAX_RATE_HZ;
	if (fits)
		err = read_samples(file, &info, (size_t)max_s * (size_t)info.samplerate, out);
	sf_close(file);
	return err;
}

int clip_read(const char *path, uint32_t max_s, struct clip_pcm *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us up */
	if (fd < 0)
		return errno;
	int err = fstat(fd, &st) != 0 ? errno : S_ISREG(st.st_mode) ? 0 : E_MALFORMED;
	size_t kind = 0, n_raws = sizeof raws / sizeof raws[0];
	while (kind < n_raws && !str_ends(str_z(path), raws[kind].suffix))
		kind++;
	if (!err)
		err = kind < n_raws ? read_raw(fd, kind, (uint64_t)st.st_size, max_s, out)
		                    : read_sndfile(fd, max_s, out);
	close(fd);
	return err;
}
