/**
 * What tenants keep in the gateway's database: told once an hour, for their bills; and who named
 * what is another's, for the audit log.
 */
@NullMarked
package dev.cofferdam.gateway.storage;

import org.jspecify.annotations.NullMarked;
