/* SPDX-License-Identifier: OLDAP-2.8 */
/* attributes.c - operational attributes that others may have defined first
 *
 * Clients look at them to learn that an account is suspended or when its
 * password changed.  They belong to draft-behera-ldap-password-policy and
 * stock ppolicy brings them when it is loaded.
 */
#include "portable.h"

#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

#define BEHERA "1.3.6.1.4.1.42.2.27.8.1."
#define TIME   "1.3.6.1.4.1.1466.115.121.1.24"

static const struct {
	const char *name;
	const char *definition;
} over_attributes[] = {
	{ "pwdChangedTime", "( " BEHERA "16 NAME 'pwdChangedTime' "
	                    "DESC 'When the password was set' "
	                    "EQUALITY generalizedTimeMatch "
	                    "ORDERING generalizedTimeOrderingMatch "
	                    "SYNTAX " TIME " SINGLE-VALUE "
	                    "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ "pwdAccountLockedTime",
	  "( " BEHERA "17 NAME 'pwdAccountLockedTime' "
	  "DESC 'Since when the account is locked; year 0: until further notice' "
	  "EQUALITY generalizedTimeMatch "
	  "ORDERING generalizedTimeOrderingMatch "
	  /* an administrator unlocks by deleting it */
	  "SYNTAX " TIME " SINGLE-VALUE USAGE directoryOperation )" },
	{ "pwdHistory", "( " BEHERA "20 NAME 'pwdHistory' "
	                "DESC 'Former passwords that stay taken' "
	                "EQUALITY octetStringMatch "
	                "SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 "
	                "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ "pwdGraceUseTime",
	  "( " BEHERA "21 NAME 'pwdGraceUseTime' "
	  "DESC 'Logins with an expired password' "
	  "EQUALITY generalizedTimeMatch "
	  "SYNTAX " TIME " "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ "pwdReset", "( " BEHERA "22 NAME 'pwdReset' "
	              "DESC 'TRUE: the password signs in to be changed' "
	              "EQUALITY booleanMatch "
	              "SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 "
	              "SINGLE-VALUE USAGE directoryOperation )" },
};

int
over_define_attributes(void)
{
	int rc = 0;

	for (size_t i = 0;
	     i < sizeof(over_attributes) / sizeof(over_attributes[0]); i++) {
		if (at_find(over_attributes[i].name) != NULL)
			continue;
		/* register_at() says in the log what is wrong */
		if (register_at(over_attributes[i].definition, NULL, 0) != 0) {
			rc = -1;
			break;
		}
	}
	return rc;
}
