// SPDX-License-Identifier: Apache-2.0
#include "media/rec_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/codec/g711.h"
#include "media/rec_ogg.h"
#include "rtp/wire.h"

enum {
	MAX_CHUNK = 4 << 20, /* in memory; a chunk that nobody flushes ends there */
	MAGIC_BYTES = 8,
	HEAD_BYTES = MAGIC_BYTES + crypto_secretstream_xchacha20poly1305_HEADERBYTES,
	EXTRA_BYTES = crypto_secretstream_xchacha20poly1305_ABYTES,
	WAV_PCM = 1, /* RFC 2361 */
	WAV_ALAW = 6,
	WAV_ULAW = 7,
	WAV_HEAD = 58, /* RIFF, fmt with an extension of no length, fact, data */
	WAV_RIFF_AT = 4,
	WAV_FACT_AT = 46,
	WAV_DATA_AT = 54,
	WAV_ENDLESS = 0x7fffffff,
	PIECE = 4096,
};

static const char magic[MAGIC_BYTES + 1] = "TNDMREC1";

struct rec_file {
	int fd;
	enum media_file_format format;
	uint32_t rate_hz;
	unsigned channels;
	struct rec_ogg *ogg;
	struct buf chunk;
	bool encrypted;
	crypto_secretstream_xchacha20poly1305_state cipher;
	uint64_t bytes, frames; /* in the file */
	uint64_t chunk_frames;
	uint64_t data; /* bytes of the WAV's data */
};

static bool is_wav(const struct rec_file *f)
{
	return f->format != MEDIA_FILE_OGG_OPUS;
}

static unsigned sample_bytes(enum media_file_format format)
{
	return format == MEDIA_FILE_WAV_PCM ? 2 : 1;
}

/* -- WAV ------------------------------------------------------------------------------ */

static void put_le(uint8_t *p, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t at_most(uint64_t n, uint32_t max)
{
	return n > max ? max : (uint32_t)n;
}

/** The three sizes of the head, for `data` bytes of sound of `block` bytes a frame. */
static void wav_sizes(uint8_t head[WAV_HEAD], uint64_t data, unsigned block)
{
	put_le(head + WAV_RIFF_AT, at_most(data + WAV_HEAD - 8, WAV_ENDLESS), 4);
	put_le(head + WAV_FACT_AT, at_most(data / block, WAV_ENDLESS), 4);
	put_le(head + WAV_DATA_AT, at_most(data, WAV_ENDLESS), 4);
}

static void wav_head(const struct rec_file *f, uint8_t head[WAV_HEAD])
{
	static const uint8_t names[WAV_HEAD] =
		"RIFF\0\0\0\0WAVEfmt \x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0fact\x04\0\0\0\0\0\0\0"
		"data\0\0\0";
	static const uint8_t tags[] = {[MEDIA_FILE_WAV_PCM] = WAV_PCM,
	                               [MEDIA_FILE_WAV_PCMU] = WAV_ULAW,
	                               [MEDIA_FILE_WAV_PCMA] = WAV_ALAW};
	unsigned size = sample_bytes(f->format), block = size * f->channels;
	memcpy(head, names, WAV_HEAD);
	put_le(head + 20, tags[f->format], 2);
	put_le(head + 22, f->channels, 2);
	put_le(head + 24, f->rate_hz, 4);
	put_le(head + 28, f->rate_hz * block, 4);
	put_le(head + 32, block, 2);
	put_le(head + 34, size * 8, 2);
	wav_sizes(head, f->encrypted ? WAV_ENDLESS : 0, block);
}

static void add_wav(struct rec_file *f, const int16_t *pcm, size_t n)
{
	uint8_t out[PIECE];
	while (n) {
		size_t piece = n < PIECE / 2 ? n : PIECE / 2;
		for (size_t i = 0; f->format == MEDIA_FILE_WAV_PCM && i < piece; i++)
			put_le(out + 2 * i, (uint16_t)pcm[i], 2);
		if (f->format == MEDIA_FILE_WAV_PCMU)
			g711_ulaw_encode(out, pcm, piece);
		if (f->format == MEDIA_FILE_WAV_PCMA)
			g711_alaw_encode(out, pcm, piece);
		buf_add(&f->chunk, out, piece * sample_bytes(f->format));
		pcm += piece;
		n -= piece;
	}
}

/* -- bytes to the file ---------------------------------------------------------------- */

static int write_all(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;
	while (n) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/** One write a chunk, so that a crash leaves whole messages but for the last. */
static int write_sealed(struct rec_file *f, bool last)
{
	size_t n = f->chunk.n + EXTRA_BYTES;
	uint8_t *out = malloc(4 + n);
	if (!out)
		abort();
	put_be32(out, (uint32_t)n);
	crypto_secretstream_xchacha20poly1305_push(
		&f->cipher, out + 4, NULL, (const uint8_t *)f->chunk.p, f->chunk.n, NULL, 0,
		last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
		     : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
	int err = write_all(f->fd, out, 4 + n);
	if (!err)
		f->bytes += 4 + n;
	free(out);
	return err;
}

static int write_plain(struct rec_file *f)
{
	int err = write_all(f->fd, f->chunk.p, f->chunk.n);
	if (err)
		return err;
	f->bytes += f->chunk.n;
	if (!is_wav(f))
		return 0;
	uint8_t head[WAV_HEAD];
	wav_head(f, head);
	wav_sizes(head, f->bytes - WAV_HEAD, sample_bytes(f->format) * f->channels);
	return pwrite(f->fd, head, sizeof head, 0) == sizeof head ? 0 : errno;
}

static int write_chunk(struct rec_file *f, bool last)
{
	int err = 0;
	if (f->encrypted)
		err = f->chunk.n || last ? write_sealed(f, last) : 0;
	else if (f->chunk.n)
		err = write_plain(f);
	if (!err)
		f->frames += f->chunk_frames;
	f->chunk_frames = 0;
	buf_reset(&f->chunk);
	return err;
}

int rec_file_flush(struct rec_file *f)
{
	if (f->ogg)
		rec_ogg_flush(f->ogg, &f->chunk);
	return write_chunk(f, false);
}

/* -- the file ------------------------------------------------------------------------- */

static int begin_cipher(struct rec_file *f, const uint8_t *key)
{
	uint8_t head[HEAD_BYTES];
	memcpy(head, magic, MAGIC_BYTES);
	f->encrypted = true;
	crypto_secretstream_xchacha20poly1305_init_push(&f->cipher, head + MAGIC_BYTES, key);
	f->bytes = sizeof head;
	return write_all(f->fd, head, sizeof head);
}

static int begin(struct rec_file *f, const uint8_t *key)
{
	int err = key ? begin_cipher(f, key) : 0;
	if (!err && is_wav(f)) {
		uint8_t head[WAV_HEAD];
		wav_head(f, head);
		buf_add(&f->chunk, head, sizeof head);
	} else if (!err) {
		err = rec_ogg_new(&f->ogg, f->rate_hz, f->channels, &f->chunk);
	}
	return err ? err : write_chunk(f, false);
}

static void file_free(struct rec_file *f)
{
	rec_ogg_free(f->ogg);
	buf_fini(&f->chunk);
	if (f->fd >= 0)
		close(f->fd);
	sodium_memzero(&f->cipher, sizeof f->cipher);
	free(f);
}

int rec_file_new(struct rec_file **out, const struct rec_file_args *a)
{
	if (a->channels == 0 || a->channels > 2 || a->rate_hz < 8000 || a->rate_hz > 48000 ||
	    a->format > MEDIA_FILE_OGG_OPUS)
		return EINVAL;
	struct rec_file *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->format = a->format;
	f->rate_hz = a->rate_hz;
	f->channels = a->channels;
	buf_init(&f->chunk, MAX_CHUNK);
	f->fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = f->fd < 0 ? errno : begin(f, a->key);
	if (err)
		file_free(f);
	else
		*out = f;
	return err;
}

void rec_file_add(struct rec_file *f, const int16_t *pcm, size_t frames)
{
	f->chunk_frames += frames;
	if (f->ogg)
		rec_ogg_add(f->ogg, pcm, frames, &f->chunk);
	else
		add_wav(f, pcm, frames * f->channels);
}

int rec_file_close(struct rec_file *f)
{
	if (f->ogg)
		rec_ogg_end(f->ogg, &f->chunk);
	int err = write_chunk(f, true);
	if (fsync(f->fd) != 0 && !err && errno != EINVAL)
		err = errno;
	file_free(f);
	return err;
}

uint64_t rec_file_bytes(const struct rec_file *f)
{
	return f->bytes;
}

uint64_t rec_file_ms(const struct rec_file *f)
{
	return f->frames * 1000 / f->rate_hz;
}

/* -- export --------------------------------------------------------------------------- */

/** Whole: `n` bytes; 0 at the end of the file or when it is cut off in the middle. */
static size_t read_all(int fd, void *p, size_t n)
{
	uint8_t *at = p;
	size_t got = 0;
	while (got < n) {
		ssize_t r = read(fd, at + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return 0;
		got += (size_t)r;
	}
	return got;
}

/** 0: a message was copied; E_MORE: no whole message follows. */
static int copy_message(int from, int to, crypto_secretstream_xchacha20poly1305_state *cipher,
                        uint8_t *room, bool *last)
{
	uint8_t head[4], tag = 0;
	unsigned long long n;
	if (!read_all(from, head, sizeof head))
		return E_MORE;
	size_t sealed = get_be32(head);
	if (sealed < EXTRA_BYTES || sealed > MAX_CHUNK + EXTRA_BYTES)
		return E_MALFORMED;
	if (!read_all(from, room, sealed))
		return E_MORE;
	uint8_t *plain = room + MAX_CHUNK + EXTRA_BYTES;
	if (crypto_secretstream_xchacha20poly1305_pull(cipher, plain, &n, &tag, room, sealed, NULL,
	                                               0) != 0)
		return E_MALFORMED;
	*last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	return write_all(to, plain, (size_t)n);
}

static int finish_wav(int fd)
{
	uint8_t head[WAV_HEAD];
	struct stat st;
	if (pread(fd, head, sizeof head, 0) != sizeof head || memcmp(head, "RIFF", 4) != 0)
		return 0; /* no WAV */
	if (fstat(fd, &st) != 0)
		return errno;
	unsigned block = get_le32(head + 32) & 0xffff;
	wav_sizes(head, (uint64_t)st.st_size - WAV_HEAD, block ? block : 1);
	return pwrite(fd, head, sizeof head, 0) == sizeof head ? 0 : errno;
}

static int copy(int from, int to, const uint8_t *key, bool *whole)
{
	uint8_t head[HEAD_BYTES];
	crypto_secretstream_xchacha20poly1305_state cipher;
	if (!read_all(from, head, sizeof head) || memcmp(head, magic, MAGIC_BYTES) != 0 ||
	    crypto_secretstream_xchacha20poly1305_init_pull(&cipher, head + MAGIC_BYTES, key) != 0)
		return E_MALFORMED;
	uint8_t *room = malloc(2 * (size_t)(MAX_CHUNK + EXTRA_BYTES));
	if (!room)
		abort();
	bool last = false, any = false;
	int err = 0;
	while (!last && !(err = copy_message(from, to, &cipher, room, &last)))
		any = true;
	/* What stands behind a good message and is none is the end that a crash left. */
	if (err == E_MORE || (err == E_MALFORMED && any))
		err = 0;
	*whole = last;
	free(room);
	sodium_memzero(&cipher, sizeof cipher);
	return err;
}

int rec_file_export(const char *from, const char *to, const uint8_t key[MEDIA_KEY_BYTES],
                    bool *whole)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return errno;
	int out = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = out < 0 ? errno : copy(in, out, key, whole);
	if (!err)
		err = finish_wav(out);
	close(in);
	if (out >= 0)
		close(out);
	if (err && out >= 0)
		(void)unlink(to);
	return err;
}
