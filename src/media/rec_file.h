// SPDX-License-Identifier: Apache-2.0
/**
 * The file of a recording, written chunk by chunk: what was flushed plays, whatever happens afterwards.
 *
 *   WAV         the sizes in its head are put right with every chunk
 *   Ogg/Opus    every chunk ends a page; the channels are streams of their own, so that nothing of
 *               one is heard in the other
 *   encrypted   either of these inside of libsodium's secretstream (XChaCha20-Poly1305):
 *                   "TNDMREC1", header[24], { be32 n, ciphertext[n] }*
 *               each chunk is a message, the last has the tag FINAL. A WAV's sizes in there are those of
 *               a stream without end; rec_file_export puts them right.
 *
 * Thread: one at a time; it does file I/O and may wait. PCM is interleaved.
 */
#pragma once

#include "media/media.h"

struct rec_file;

struct rec_file_args {
	const char *path; /* must not exist */
	enum media_file_format format;
	uint32_t rate_hz;
	unsigned channels; /* 1 or 2 */
	const uint8_t *key; /* MEDIA_KEY_BYTES; NULL: in the clear */
};

/** @return 0; EEXIST and what else open(2) and write(2) say; EINVAL: the rate is not the format's */
must_check int rec_file_new(struct rec_file **out, const struct rec_file_args *args);
/** Adds sound to the chunk in memory. */
void rec_file_add(struct rec_file *f, const int16_t *pcm, size_t frames);
/** The chunk goes to the file. ENOSPC: nothing of it, or a part, is there; the file plays. */
must_check int rec_file_flush(struct rec_file *f);
/** What is left, the end of the format, and fsync. The first error, if any; frees `f`. */
must_check int rec_file_close(struct rec_file *f);

/** Bytes in the file, and milliseconds of sound, by the last flush. */
uint64_t rec_file_bytes(const struct rec_file *f);
uint64_t rec_file_ms(const struct rec_file *f);

/**
 * Decrypts `from` into `to`, which must not exist, and finishes it for players. A file that a crash cut
 * off gives all whole chunks.
 * @param whole  set to whether its end was there
 * @return 0; E_MALFORMED: no such file, or the wrong key; errno of the files
 */
must_check int rec_file_export(const char *from, const char *to, const uint8_t key[MEDIA_KEY_BYTES],
                               bool *whole);
