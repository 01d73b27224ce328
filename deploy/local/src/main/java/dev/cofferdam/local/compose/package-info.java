/**
 * What the containers of {@code deploy/compose/compose.yaml} are given: settings, identities,
 * secrets.
 */
@NullMarked
package dev.cofferdam.local.compose;

import org.jspecify.annotations.NullMarked;
