/* SPDX-License-Identifier: OLDAP-2.8 */
/* metrics.h - what rosterd counts, in the text format of Prometheus */
#ifndef HTTPD_METRICS_H
#define HTTPD_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

struct metrics {
	atomic_uint_fast64_t answers[6]; /* by the first digit of the status */
	atomic_uint_fast64_t ms;         /* that answers took, added up */
	atomic_uint_fast64_t sign_ins, sign_in_failures;
	atomic_uint_fast64_t limited; /* refused: too many requests */
	atomic_uint_fast64_t connections;
	_Atomic(int64_t) started_s;
};

#endif
