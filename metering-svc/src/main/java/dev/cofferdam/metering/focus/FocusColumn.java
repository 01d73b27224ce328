package dev.cofferdam.metering.focus;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The columns of an export, with what FOCUS 1.2 demands of them (focus.finops.org, "Columns").
 * Those of features that nothing here has, such as commitment discounts, are conditional there and
 * left out; those that begin with "x_" are the product's own. A column's id is its name here in the
 * specification's spelling.
 */
public enum FocusColumn {
  BILLED_COST(Level.MANDATORY, Type.DECIMAL, false),
  BILLING_ACCOUNT_ID(Level.MANDATORY, Type.STRING, false),
  BILLING_ACCOUNT_NAME(Level.MANDATORY, Type.STRING, true),
  BILLING_CURRENCY(Level.MANDATORY, Type.CURRENCY, false),
  BILLING_PERIOD_END(Level.MANDATORY, Type.DATE_TIME, false),
  BILLING_PERIOD_START(Level.MANDATORY, Type.DATE_TIME, false),
  CHARGE_CATEGORY(
      Level.MANDATORY, Type.STRING, false, "Usage", "Purchase", "Tax", "Credit", "Adjustment"),
  CHARGE_CLASS(Level.MANDATORY, Type.STRING, true, "Correction"),
  CHARGE_DESCRIPTION(Level.MANDATORY, Type.STRING, true),
  CHARGE_FREQUENCY(Level.RECOMMENDED, Type.STRING, false, "One-Time", "Recurring", "Usage-Based"),
  CHARGE_PERIOD_END(Level.MANDATORY, Type.DATE_TIME, false),
  CHARGE_PERIOD_START(Level.MANDATORY, Type.DATE_TIME, false),
  CONSUMED_QUANTITY(Level.CONDITIONAL, Type.DECIMAL, true),
  CONSUMED_UNIT(Level.CONDITIONAL, Type.STRING, true),
  CONTRACTED_COST(Level.MANDATORY, Type.DECIMAL, false),
  CONTRACTED_UNIT_PRICE(Level.CONDITIONAL, Type.DECIMAL, true),
  EFFECTIVE_COST(Level.MANDATORY, Type.DECIMAL, false),
  INVOICE_ID(Level.RECOMMENDED, Type.STRING, true),
  INVOICE_ISSUER_NAME(Level.MANDATORY, Type.STRING, false),
  LIST_COST(Level.MANDATORY, Type.DECIMAL, false),
  LIST_UNIT_PRICE(Level.CONDITIONAL, Type.DECIMAL, true),
  PRICING_CATEGORY(
      Level.CONDITIONAL, Type.STRING, true, "Standard", "Dynamic", "Committed", "Other"),
  PRICING_QUANTITY(Level.MANDATORY, Type.DECIMAL, true),
  PRICING_UNIT(Level.MANDATORY, Type.STRING, true),
  PROVIDER_NAME(Level.MANDATORY, Type.STRING, false),
  PUBLISHER_NAME(Level.MANDATORY, Type.STRING, false),
  RESOURCE_ID(Level.CONDITIONAL, Type.STRING, true),
  RESOURCE_NAME(Level.CONDITIONAL, Type.STRING, true),
  RESOURCE_TYPE(Level.CONDITIONAL, Type.STRING, true),
  SERVICE_CATEGORY(
      Level.MANDATORY,
      Type.STRING,
      false,
      "AI and Machine Learning",
      "Analytics",
      "Business Applications",
      "Compute",
      "Databases",
      "Developer Tools",
      "Multicloud",
      "Identity",
      "Integration",
      "Internet of Things",
      "Management and Governance",
      "Media",
      "Migration",
      "Mobile",
      "Networking",
      "Security",
      "Storage",
      "Web",
      "Other"),
  SERVICE_NAME(Level.MANDATORY, Type.STRING, false),
  SERVICE_SUBCATEGORY(
      Level.RECOMMENDED,
      Type.STRING,
      false,
      "Bots",
      "Generative AI",
      "Machine Learning",
      "Natural Language Processing",
      "Other (AI and Machine Learning)"),
  SKU_ID(Level.CONDITIONAL, Type.STRING, true),
  SKU_METER(Level.CONDITIONAL, Type.STRING, true),
  SKU_PRICE_ID(Level.CONDITIONAL, Type.STRING, true),
  TAGS(Level.CONDITIONAL, Type.JSON, true),
  X_ADAPTER(Level.OWN, Type.STRING, true),
  X_MODEL(Level.OWN, Type.STRING, true),
  X_PRICE_SINCE(Level.OWN, Type.DATE_TIME, true);

  private final String title;
  private final Level level;
  private final Type type;
  private final boolean nullable;
  private final List<String> allowed;

  FocusColumn(Level level, Type type, boolean nullable, String... allowed) {
    String words =
        Arrays.stream(name().split("_"))
            .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
            .collect(Collectors.joining());
    this.title = level == Level.OWN ? "x_" + words.substring(1) : words;
    this.level = level;
    this.type = type;
    this.nullable = nullable;
    this.allowed = List.of(allowed);
  }

  /** How much a column is wanted. */
  public enum Level {
    /** Always. */
    MANDATORY,
    /** Where there is what it tells of. */
    CONDITIONAL,
    /** Preferably. */
    RECOMMENDED,
    /** By nobody but us. */
    OWN
  }

  /** Forms of values. */
  public enum Type {
    /** Text without blanks at its ends. */
    STRING,
    /** A decimal number. */
    DECIMAL,
    /** A moment of UTC, such as 2026-03-01T00:00:00Z. */
    DATE_TIME,
    /** ISO 4217. */
    CURRENCY,
    /** An object of texts. */
    JSON
  }

  /** Its id. */
  public String title() {
    return title;
  }

  /** How much it is wanted. */
  public Level level() {
    return level;
  }

  /** Form of its values. */
  public Type type() {
    return type;
  }

  /** Whether it may be empty. */
  public boolean nullable() {
    return nullable;
  }

  /** The values that it may have; none: any. */
  public List<String> allowed() {
    return allowed;
  }

  /** The column of an id. */
  public static Optional<FocusColumn> ofTitle(String title) {
    return Arrays.stream(values()).filter(column -> column.title.equals(title)).findFirst();
  }
}
