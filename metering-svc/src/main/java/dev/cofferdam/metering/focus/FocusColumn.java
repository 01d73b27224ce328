package dev.cofferdam.metering.focus;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The columns of an export, with what FOCUS 1.2 demands of them (focus.finops.org, "Columns").
 * Those of features that nothing here has, such as commitment discounts, are conditional there and
 * left out; those that begin with "x_" are the product's own.
 */
public enum FocusColumn {
  BILLED_COST("BilledCost", Level.MANDATORY, Type.DECIMAL, false),
  BILLING_ACCOUNT_ID("BillingAccountId", Level.MANDATORY, Type.STRING, false),
  BILLING_ACCOUNT_NAME("BillingAccountName", Level.MANDATORY, Type.STRING, true),
  BILLING_CURRENCY("BillingCurrency", Level.MANDATORY, Type.CURRENCY, false),
  BILLING_PERIOD_END("BillingPeriodEnd", Level.MANDATORY, Type.DATE_TIME, false),
  BILLING_PERIOD_START("BillingPeriodStart", Level.MANDATORY, Type.DATE_TIME, false),
  CHARGE_CATEGORY(
      "ChargeCategory",
      Level.MANDATORY,
      Type.STRING,
      false,
      "Usage",
      "Purchase",
      "Tax",
      "Credit",
      "Adjustment"),
  CHARGE_CLASS("ChargeClass", Level.MANDATORY, Type.STRING, true, "Correction"),
  CHARGE_DESCRIPTION("ChargeDescription", Level.MANDATORY, Type.STRING, true),
  CHARGE_FREQUENCY(
      "ChargeFrequency",
      Level.RECOMMENDED,
      Type.STRING,
      false,
      "One-Time",
      "Recurring",
      "Usage-Based"),
  CHARGE_PERIOD_END("ChargePeriodEnd", Level.MANDATORY, Type.DATE_TIME, false),
  CHARGE_PERIOD_START("ChargePeriodStart", Level.MANDATORY, Type.DATE_TIME, false),
  CONSUMED_QUANTITY("ConsumedQuantity", Level.CONDITIONAL, Type.DECIMAL, true),
  CONSUMED_UNIT("ConsumedUnit", Level.CONDITIONAL, Type.STRING, true),
  CONTRACTED_COST("ContractedCost", Level.MANDATORY, Type.DECIMAL, false),
  CONTRACTED_UNIT_PRICE("ContractedUnitPrice", Level.CONDITIONAL, Type.DECIMAL, true),
  EFFECTIVE_COST("EffectiveCost", Level.MANDATORY, Type.DECIMAL, false),
  INVOICE_ID("InvoiceId", Level.RECOMMENDED, Type.STRING, true),
  INVOICE_ISSUER_NAME("InvoiceIssuerName", Level.MANDATORY, Type.STRING, false),
  LIST_COST("ListCost", Level.MANDATORY, Type.DECIMAL, false),
  LIST_UNIT_PRICE("ListUnitPrice", Level.CONDITIONAL, Type.DECIMAL, true),
  PRICING_CATEGORY(
      "PricingCategory",
      Level.CONDITIONAL,
      Type.STRING,
      true,
      "Standard",
      "Dynamic",
      "Committed",
      "Other"),
  PRICING_QUANTITY("PricingQuantity", Level.MANDATORY, Type.DECIMAL, true),
  PRICING_UNIT("PricingUnit", Level.MANDATORY, Type.STRING, true),
  PROVIDER_NAME("ProviderName", Level.MANDATORY, Type.STRING, false),
  PUBLISHER_NAME("PublisherName", Level.MANDATORY, Type.STRING, false),
  RESOURCE_ID("ResourceId", Level.CONDITIONAL, Type.STRING, true),
  RESOURCE_NAME("ResourceName", Level.CONDITIONAL, Type.STRING, true),
  RESOURCE_TYPE("ResourceType", Level.CONDITIONAL, Type.STRING, true),
  SERVICE_CATEGORY(
      "ServiceCategory",
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
  SERVICE_NAME("ServiceName", Level.MANDATORY, Type.STRING, false),
  SERVICE_SUBCATEGORY(
      "ServiceSubcategory",
      Level.RECOMMENDED,
      Type.STRING,
      false,
      "Bots",
      "Generative AI",
      "Machine Learning",
      "Natural Language Processing",
      "Other (AI and Machine Learning)"),
  SKU_ID("SkuId", Level.CONDITIONAL, Type.STRING, true),
  SKU_METER("SkuMeter", Level.CONDITIONAL, Type.STRING, true),
  SKU_PRICE_ID("SkuPriceId", Level.CONDITIONAL, Type.STRING, true),
  TAGS("Tags", Level.CONDITIONAL, Type.JSON, true),
  X_ADAPTER("x_Adapter", Level.OWN, Type.STRING, true),
  X_MODEL("x_Model", Level.OWN, Type.STRING, true),
  X_PRICE_SINCE("x_PriceSince", Level.OWN, Type.DATE_TIME, true);

  private final String title;
  private final Level level;
  private final Type type;
  private final boolean nullable;
  private final List<String> allowed;

  FocusColumn(String title, Level level, Type type, boolean nullable, String... allowed) {
    this.title = title;
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
