/** The configuration on its compacted topics. */
@NullMarked
package dev.cofferdam.gateway.admin.kafka;

import org.jspecify.annotations.NullMarked;
