/* SPDX-License-Identifier: OLDAP-2.8 */
/* handshake.c - TLS shakes hands once
 *
 * In TLS 1.2 a client may ask for another handshake at any time.  Nobody needs
 * that, and a slapd with GnuTLS does it in a loop that does not wait: whoever
 * begins one and then says nothing keeps a thread busy, before any bind, until
 * he hangs up.  A cipher suite cannot forbid it.  So a filter below TLS looks
 * at the headers of the client's records, which are never encrypted: after
 * ChangeCipherSpec comes one record of a handshake, the client's Finished (or,
 * in TLS 1.3, its second ClientHello; what is encrypted there looks like data).
 * The next one ends the connection.
 */
#include "back-roster.h"

#include <errno.h>

#define RECORD_HEADER 5
#define CHANGE_CIPHER 20
#define HANDSHAKE     22

struct records {
	unsigned char header[RECORD_HEADER];
	unsigned int n_header; /* bytes of it that have come */
	unsigned int left;     /* bytes of the record after it */
	bool changed, finished;
};

static int
setup(Sockbuf_IO_Desc *sbiod, void *arg)
{
	sbiod->sbiod_pvt = ber_memcalloc(1, sizeof(struct records));
	return sbiod->sbiod_pvt != NULL ? 0 : -1;
}

static int
take_away(Sockbuf_IO_Desc *sbiod)
{
	ber_memfree(sbiod->sbiod_pvt);
	sbiod->sbiod_pvt = NULL;
	return 0;
}

static int
control(Sockbuf_IO_Desc *sbiod, int option, void *arg)
{
	return LBER_SBIOD_CTRL_NEXT(sbiod, option, arg);
}

/* The header of a record is whole: may it come? */
static bool
is_lawful(struct records *records)
{
	unsigned char type = records->header[0];

	records->left =
		(unsigned int)records->header[3] << 8 | records->header[4];
	records->n_header = 0;
	if (type == CHANGE_CIPHER)
		records->changed = true;
	if (type != HANDSHAKE || !records->changed)
		return true;
	if (records->finished)
		return false;
	records->finished = true;
	return true;
}

static bool
are_lawful(struct records *records, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		unsigned int skipped =
			len < records->left ? (unsigned int)len : records->left;

		bytes += skipped;
		len -= skipped;
		records->left -= skipped;
		if (len == 0)
			break;
		records->header[records->n_header++] = *bytes++;
		len--;
		if (records->n_header == RECORD_HEADER && !is_lawful(records))
			return false;
	}
	return true;
}

static ber_slen_t
take(Sockbuf_IO_Desc *sbiod, void *buf, ber_len_t len)
{
	ber_slen_t got = LBER_SBIOD_READ_NEXT(sbiod, buf, len);

	if (got <= 0 || !ldap_pvt_tls_inplace(sbiod->sbiod_sb))
		return got;
	if (are_lawful(sbiod->sbiod_pvt, buf, (size_t)got))
		return got;
	Debug(LDAP_DEBUG_STATS, "roster: a client began a second TLS "
	                        "handshake and is disconnected\n");
	errno = ECONNRESET;
	return -1;
}

static ber_slen_t
give(Sockbuf_IO_Desc *sbiod, void *buf, ber_len_t len)
{
	return LBER_SBIOD_WRITE_NEXT(sbiod, buf, len);
}

static Sockbuf_IO filter = {
	.sbi_setup = setup,
	.sbi_remove = take_away,
	.sbi_ctrl = control,
	.sbi_read = take,
	.sbi_write = give,
};

int
back_handshake_watch(BackendDB *be, Connection *conn)
{
	/* there may be several of our databases */
	if (ber_sockbuf_ctrl(conn->c_sb, LBER_SB_OPT_HAS_IO, &filter) == 1)
		return 0;
	return ber_sockbuf_add_io(conn->c_sb, &filter,
	                          LBER_SBIOD_LEVEL_PROVIDER + 1, NULL);
}
