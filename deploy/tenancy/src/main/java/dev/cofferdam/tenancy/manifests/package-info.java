/** What a tenant with workers of its own gets of a Kubernetes cluster. */
@NullMarked
package dev.cofferdam.tenancy.manifests;

import org.jspecify.annotations.NullMarked;
