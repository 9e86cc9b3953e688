// @generated automatically by Diesel CLI.

diesel::table! {
    accounts (id) {
        id -> Uuid,
        kind -> Text,
        owner -> Uuid,
        currency -> Text,
        balance_minor -> Int8,
        seq -> Int8,
        opened_at -> Timestamptz,
        moved_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        user_id -> Uuid,
        organisation_id -> Nullable<Uuid>,
        name -> Text,
        mode -> Text,
        scopes -> Array<Nullable<Text>>,
        digest -> Bytea,
        last_four -> Text,
        created_at -> Timestamptz,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        previous_digest -> Nullable<Bytea>,
        previous_until -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    approvals (id) {
        id -> Uuid,
        kind -> Text,
        user_id -> Nullable<Uuid>,
        tier -> Nullable<Text>,
        role -> Nullable<Text>,
        provider -> Nullable<Text>,
        receipt -> Nullable<Text>,
        payment_id -> Nullable<Uuid>,
        paid_receipt -> Nullable<Text>,
        plan -> Nullable<Jsonb>,
        note -> Text,
        state -> Text,
        asked_by -> Uuid,
        asked_at -> Timestamptz,
        expires_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decision_note -> Nullable<Text>,
    }
}

diesel::table! {
    backup_codes (user_id, digest) {
        user_id -> Uuid,
        digest -> Bytea,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    breaks (id) {
        id -> Uuid,
        kind -> Text,
        subject -> Text,
        detail -> Text,
        opened_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Uuid>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    callback_strays (day, kind) {
        day -> Date,
        kind -> Text,
        count -> Int8,
    }
}

diesel::table! {
    callback_tokens (digest) {
        digest -> Bytea,
        kind -> Text,
        payment_id -> Nullable<Uuid>,
        made_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    callbacks (id) {
        id -> Uuid,
        provider -> Text,
        kind -> Text,
        body -> Nullable<Bytea>,
        body_sealed -> Nullable<Bytea>,
        size_bytes -> Int4,
        remote -> Text,
        state -> Text,
        payment_id -> Nullable<Uuid>,
        note -> Nullable<Text>,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    codes (id) {
        id -> Uuid,
        user_id -> Uuid,
        purpose -> Text,
        target_sealed -> Bytea,
        target_digest -> Bytea,
        tries -> Int2,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    counted_messages (notification_id) {
        notification_id -> Uuid,
        digest -> Bytea,
        cause -> Text,
        counted_at -> Timestamptz,
    }
}

diesel::table! {
    deal_files (id) {
        id -> Uuid,
        deal_id -> Uuid,
        milestone_id -> Uuid,
        dispute_id -> Nullable<Uuid>,
        user_id -> Uuid,
        media_type -> Text,
        size_bytes -> Int8,
        sha256 -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    deal_invitations (id) {
        id -> Uuid,
        deal_id -> Uuid,
        role -> Text,
        inviter_id -> Uuid,
        kind -> Text,
        contact_sealed -> Nullable<Bytea>,
        contact_digest -> Nullable<Bytea>,
        locale -> Nullable<Text>,
        code_id -> Uuid,
        generation -> Int2,
        created_at -> Timestamptz,
        sent_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    deal_labels (deal_id) {
        deal_id -> Uuid,
        creator_id -> Uuid,
        reference -> Nullable<Text>,
        metadata -> Jsonb,
    }
}

diesel::table! {
    deal_participants (user_id, deal_id) {
        user_id -> Uuid,
        deal_id -> Uuid,
    }
}

diesel::table! {
    deal_payers (deal_id, position) {
        deal_id -> Uuid,
        position -> Int2,
        user_id -> Uuid,
        paid_minor -> Int8,
        returned_minor -> Int8,
    }
}

diesel::table! {
    deal_references (deal_id) {
        deal_id -> Uuid,
        reference -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    deal_reminders (deal_id, deadline, due_at, before_s) {
        deal_id -> Uuid,
        deadline -> Text,
        due_at -> Timestamptz,
        before_s -> Int8,
        told_at -> Timestamptz,
    }
}

diesel::table! {
    deal_revisions (deal_id, revision) {
        deal_id -> Uuid,
        revision -> Int4,
        offered_by -> Text,
        by_user -> Uuid,
        session_id -> Nullable<Uuid>,
        offer -> Jsonb,
        at -> Timestamptz,
    }
}

diesel::table! {
    deal_signatures (deal_id, revision, role) {
        deal_id -> Uuid,
        revision -> Int4,
        role -> Text,
        user_id -> Uuid,
        session_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        at -> Timestamptz,
    }
}

diesel::table! {
    deal_snapshots (deal_id) {
        deal_id -> Uuid,
        revision -> Int4,
        data -> Jsonb,
        at -> Timestamptz,
    }
}

diesel::table! {
    deals (id) {
        id -> Uuid,
        title -> Text,
        organisation_id -> Nullable<Uuid>,
        buyer_id -> Nullable<Uuid>,
        seller_id -> Nullable<Uuid>,
        broker_id -> Nullable<Uuid>,
        broker_commission_bps -> Nullable<Int4>,
        revision -> Int4,
        offered_by -> Text,
        currency -> Text,
        fee_plan_version -> Int4,
        fee_percentage_bps -> Int4,
        fee_fixed_minor -> Int8,
        fee_floor_minor -> Int8,
        fee_cap_minor -> Nullable<Int8>,
        fee_provider_cost_minor -> Int8,
        fee_payer -> Text,
        acceptance_s -> Int8,
        funding_s -> Int8,
        inspection_s -> Int8,
        rework_s -> Int8,
        answer_s -> Int8,
        award_s -> Int8,
        state -> Text,
        due_at -> Nullable<Timestamptz>,
        cancel_asked_by -> Nullable<Text>,
        extension -> Nullable<Jsonb>,
        fundings -> Int4,
        event_seq -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    deliveries (milestone_id, n) {
        milestone_id -> Uuid,
        n -> Int2,
        kind -> Nullable<Text>,
        carrier -> Nullable<Text>,
        number -> Nullable<Text>,
        documents -> Array<Nullable<Uuid>>,
        at -> Timestamptz,
        by -> Uuid,
    }
}

diesel::table! {
    disputes (id) {
        id -> Uuid,
        deal_id -> Uuid,
        milestone_id -> Uuid,
        role -> Text,
        opened_by -> Uuid,
        reason -> Text,
        wanted_minor -> Nullable<Int8>,
        opened_at -> Timestamptz,
        answered_by -> Nullable<Uuid>,
        answer -> Nullable<Text>,
        answered_at -> Nullable<Timestamptz>,
        award_to_seller_minor -> Nullable<Int8>,
        award_fees_waived -> Nullable<Bool>,
        award_costs_minor -> Nullable<Int8>,
        award_costs_borne_by -> Nullable<Text>,
        award_reason -> Nullable<Text>,
        first_arbiter -> Nullable<Uuid>,
        second_arbiter -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    entries (id) {
        id -> Uuid,
        kind -> Text,
        key -> Text,
        corrects -> Nullable<Uuid>,
        posting_count -> Int2,
        at -> Timestamptz,
    }
}

diesel::table! {
    event_commits (tx) {
        tx -> Int8,
        id -> Int8,
        event_count -> Int4,
        base -> Nullable<Int8>,
    }
}

diesel::table! {
    event_sequence (only_row) {
        only_row -> Bool,
        next -> Int8,
    }
}

diesel::table! {
    event_subscribers (name) {
        name -> Text,
        position -> Int8,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    events (tx, ordinal, at) {
        tx -> Int8,
        ordinal -> Int4,
        at -> Timestamptz,
        kind -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        session_id -> Nullable<Uuid>,
        api_key_id -> Nullable<Uuid>,
        request_id -> Nullable<Text>,
        subject -> Text,
        deal_id -> Nullable<Uuid>,
        deal_seq -> Nullable<Int8>,
        milestone_id -> Nullable<Uuid>,
        audience -> Text,
        data -> Jsonb,
    }
}

diesel::table! {
    exchanges (id) {
        id -> Int8,
        payment_id -> Uuid,
        operation -> Text,
        request_sealed -> Bytea,
        status -> Nullable<Int4>,
        body_sealed -> Bytea,
        at -> Timestamptz,
    }
}

diesel::table! {
    fee_plans (currency, version) {
        currency -> Text,
        version -> Int4,
        percentage_bps -> Int4,
        fixed_minor -> Int8,
        floor_minor -> Int8,
        cap_minor -> Nullable<Int8>,
        provider_cost_minor -> Int8,
        valid_from -> Timestamptz,
        published_by -> Uuid,
        published_at -> Timestamptz,
    }
}

diesel::table! {
    hand_over_tries (milestone_id) {
        milestone_id -> Uuid,
        tries -> Int2,
        since -> Timestamptz,
    }
}

diesel::table! {
    handles (handle) {
        handle -> Text,
        user_id -> Uuid,
        taken_at -> Timestamptz,
    }
}

diesel::table! {
    holds (id) {
        id -> Uuid,
        user_id -> Uuid,
        beneficiary_id -> Nullable<Uuid>,
        payment_id -> Nullable<Uuid>,
        amount_minor -> Int8,
        settled_minor -> Int8,
        currency -> Text,
        state -> Text,
        note -> Nullable<Text>,
        expires_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (user_id, key) {
        user_id -> Uuid,
        key -> Text,
        operation -> Text,
        request_hash -> Bytea,
        status -> Nullable<Int2>,
        body -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    introductions (inviter_id, invitee_id) {
        inviter_id -> Uuid,
        invitee_id -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    invitations (id) {
        id -> Uuid,
        organisation_id -> Uuid,
        email_sealed -> Nullable<Bytea>,
        email_digest -> Nullable<Bytea>,
        rank -> Text,
        generation -> Int2,
        invited_by -> Uuid,
        created_at -> Timestamptz,
        sent_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        queue -> Text,
        kind -> Text,
        payload -> Jsonb,
        key -> Text,
        state -> Text,
        due_at -> Timestamptz,
        attempts -> Int4,
        attempts_max -> Int4,
        pushed_at -> Nullable<Timestamptz>,
        lease_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    kyc_applications (id) {
        id -> Uuid,
        user_id -> Uuid,
        tier -> Text,
        state -> Text,
        reasons -> Array<Nullable<Text>>,
        note -> Nullable<Text>,
        decided_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        submitted_at -> Nullable<Timestamptz>,
        decided_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    kyc_documents (id) {
        id -> Uuid,
        application_id -> Uuid,
        kind -> Text,
        media_type -> Text,
        size_bytes -> Int8,
        sha256 -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    ledger_checks (id) {
        id -> Uuid,
        started_at -> Timestamptz,
        finished_at -> Timestamptz,
        accounts -> Int8,
        entries -> Int8,
        postings -> Int8,
        first_wrong -> Nullable<Text>,
    }
}

diesel::table! {
    look_up_key (id) {
        id -> Int2,
        wrapped -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    members (organisation_id, user_id) {
        organisation_id -> Uuid,
        user_id -> Uuid,
        rank -> Text,
        joined_at -> Timestamptz,
    }
}

diesel::table! {
    milestones (id) {
        id -> Uuid,
        deal_id -> Uuid,
        position -> Int2,
        title -> Text,
        description -> Nullable<Text>,
        items -> Jsonb,
        amount_minor -> Int8,
        buyer_fee_minor -> Int8,
        seller_fee_minor -> Int8,
        commission_minor -> Int8,
        provider_cost_minor -> Int8,
        delivery_s -> Int8,
        proof -> Nullable<Text>,
        state -> Text,
        due_at -> Nullable<Timestamptz>,
        reworks -> Int2,
        buyer_offer_minor -> Nullable<Int8>,
        seller_offer_minor -> Nullable<Int8>,
        dispute_opened_by -> Nullable<Text>,
        dispute_stage -> Nullable<Text>,
        award_to_seller_minor -> Nullable<Int8>,
        award_fees_waived -> Nullable<Bool>,
        award_costs_minor -> Nullable<Int8>,
        award_costs_borne_by -> Nullable<Text>,
        award_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    notifications (id) {
        id -> Uuid,
        user_id -> Uuid,
        template -> Text,
        channel -> Text,
        params -> Jsonb,
        address_sealed -> Nullable<Bytea>,
        code_id -> Nullable<Uuid>,
        invitation_id -> Nullable<Uuid>,
        deal_invitation_id -> Nullable<Uuid>,
        hand_over_milestone_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    organisations (id) {
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    paybill (id) {
        id -> Int2,
        shortcode -> Text,
        registered_at -> Timestamptz,
    }
}

diesel::table! {
    payer_keys (payer_id) {
        payer_id -> Uuid,
        wrapped -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    payment_evidence (payment_id, fingerprint) {
        payment_id -> Uuid,
        fingerprint -> Bytea,
        source -> Text,
        claim -> Text,
        reason -> Nullable<Text>,
        code -> Nullable<Text>,
        receipt -> Nullable<Text>,
        amount_minor -> Nullable<Int8>,
        reference_digest -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    payments (id) {
        id -> Uuid,
        provider -> Text,
        user_id -> Nullable<Uuid>,
        payer_id -> Nullable<Uuid>,
        purpose -> Text,
        deal_id -> Nullable<Uuid>,
        amount_minor -> Int8,
        currency -> Text,
        msisdn_sealed -> Nullable<Bytea>,
        msisdn_digest -> Nullable<Bytea>,
        asked_from_sealed -> Nullable<Bytea>,
        stage -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        doubt -> Nullable<Text>,
        must_confirm -> Bool,
        confirmed -> Bool,
        receipt -> Nullable<Text>,
        reference -> Text,
        provider_reference_sealed -> Nullable<Bytea>,
        provider_reference_digest -> Nullable<Bytea>,
        problem -> Nullable<Text>,
        risk_score -> Nullable<Int8>,
        risk_reasons -> Array<Nullable<Text>>,
        decided_by -> Nullable<Uuid>,
        decision_note -> Nullable<Text>,
        sent_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    person_keys (user_id) {
        user_id -> Uuid,
        wrapped -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    postings (account_id, seq) {
        account_id -> Uuid,
        seq -> Int8,
        entry_id -> Uuid,
        line -> Int2,
        amount_minor -> Int8,
        balance_after_minor -> Int8,
        currency -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    prompts (payment_id) {
        payment_id -> Uuid,
        user_id -> Uuid,
        digest -> Bytea,
        is_own -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    reconciliation_runs (id) {
        id -> Uuid,
        started_at -> Timestamptz,
        covered_from -> Timestamptz,
        covered_to -> Timestamptz,
        lines -> Int8,
        matched -> Int8,
        healed -> Int8,
        unclaimed -> Int8,
        open_breaks -> Int8,
        provider_balance_minor -> Nullable<Int8>,
        clearing_minor -> Int8,
    }
}

diesel::table! {
    risk_rules (name) {
        name -> Text,
        measure -> Text,
        comparison -> Text,
        threshold -> Int8,
        window_hours -> Int8,
        points -> Int8,
        enabled -> Bool,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Uuid,
        channel -> Nullable<Text>,
        secret -> Nullable<Bytea>,
        created_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> Nullable<Int8>,
        tries -> Int4,
        tries_began_at -> Nullable<Timestamptz>,
        locked_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        rotation -> Int4,
        rotated_at -> Timestamptz,
        device_name -> Text,
        device_kind -> Text,
        trusted_device_id -> Nullable<Uuid>,
        address -> Text,
        place -> Nullable<Text>,
        stepped_up_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        public -> Bytea,
        private_sealed -> Bytea,
        created_at -> Timestamptz,
        signs_from -> Timestamptz,
    }
}

diesel::table! {
    socket_tickets (digest) {
        digest -> Bytea,
        session_id -> Uuid,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    spending (user_id, currency) {
        user_id -> Uuid,
        currency -> Text,
        day -> Date,
        spent_minor -> Int8,
    }
}

diesel::table! {
    suspense_items (provider, receipt) {
        provider -> Text,
        receipt -> Text,
        amount_minor -> Int8,
        currency -> Text,
        reference -> Nullable<Text>,
        payer_id -> Nullable<Uuid>,
        payer_sealed -> Nullable<Bytea>,
        paid_at -> Timestamptz,
        found_at -> Timestamptz,
        return_payment_id -> Nullable<Uuid>,
        closed_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Uuid>,
        reversed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    test_clock (id) {
        id -> Int2,
        offset_s -> Int8,
        moved_by -> Uuid,
        moved_at -> Timestamptz,
    }
}

diesel::table! {
    tier_limits (tier, currency) {
        tier -> Text,
        currency -> Text,
        transaction_minor_max -> Int8,
        day_minor_max -> Int8,
        balance_minor_max -> Int8,
    }
}

diesel::table! {
    tiers (name) {
        name -> Text,
    }
}

diesel::table! {
    transfers (id) {
        id -> Uuid,
        sender_id -> Uuid,
        recipient_id -> Uuid,
        amount_minor -> Int8,
        currency -> Text,
        note -> Nullable<Text>,
        category -> Text,
        metadata -> Jsonb,
        at -> Timestamptz,
    }
}

diesel::table! {
    trusted_devices (id) {
        id -> Uuid,
        user_id -> Uuid,
        digest -> Bytea,
        device_name -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        name -> Text,
        handle -> Nullable<Text>,
        handle_changed_at -> Nullable<Timestamptz>,
        email_sealed -> Nullable<Bytea>,
        email_digest -> Nullable<Bytea>,
        email_verified_at -> Nullable<Timestamptz>,
        phone_sealed -> Nullable<Bytea>,
        phone_digest -> Nullable<Bytea>,
        phone_verified_at -> Nullable<Timestamptz>,
        is_verified -> Bool,
        password_hash -> Text,
        role -> Text,
        tier -> Text,
        locale -> Text,
        created_at -> Timestamptz,
        frozen_at -> Nullable<Timestamptz>,
        frozen_note -> Nullable<Text>,
        closed_at -> Nullable<Timestamptz>,
        erased_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(api_keys -> organisations (organisation_id));
diesel::joinable!(api_keys -> users (user_id));
diesel::joinable!(approvals -> payments (payment_id));
diesel::joinable!(approvals -> tiers (tier));
diesel::joinable!(backup_codes -> second_factors (user_id));
diesel::joinable!(breaks -> users (closed_by));
diesel::joinable!(callback_tokens -> payments (payment_id));
diesel::joinable!(callbacks -> payments (payment_id));
diesel::joinable!(codes -> users (user_id));
diesel::joinable!(counted_messages -> notifications (notification_id));
diesel::joinable!(deal_files -> deals (deal_id));
diesel::joinable!(deal_files -> disputes (dispute_id));
diesel::joinable!(deal_files -> milestones (milestone_id));
diesel::joinable!(deal_files -> users (user_id));
diesel::joinable!(deal_invitations -> deals (deal_id));
diesel::joinable!(deal_invitations -> users (inviter_id));
diesel::joinable!(deal_labels -> deals (deal_id));
diesel::joinable!(deal_labels -> users (creator_id));
diesel::joinable!(deal_participants -> deals (deal_id));
diesel::joinable!(deal_participants -> users (user_id));
diesel::joinable!(deal_payers -> deals (deal_id));
diesel::joinable!(deal_payers -> users (user_id));
diesel::joinable!(deal_references -> deals (deal_id));
diesel::joinable!(deal_reminders -> deals (deal_id));
diesel::joinable!(deal_revisions -> deals (deal_id));
diesel::joinable!(deal_revisions -> users (by_user));
diesel::joinable!(deal_signatures -> users (user_id));
diesel::joinable!(deals -> organisations (organisation_id));
diesel::joinable!(deliveries -> milestones (milestone_id));
diesel::joinable!(deliveries -> users (by));
diesel::joinable!(disputes -> deals (deal_id));
diesel::joinable!(disputes -> milestones (milestone_id));
diesel::joinable!(exchanges -> payments (payment_id));
diesel::joinable!(fee_plans -> users (published_by));
diesel::joinable!(hand_over_tries -> milestones (milestone_id));
diesel::joinable!(handles -> users (user_id));
diesel::joinable!(holds -> payments (payment_id));
diesel::joinable!(idempotency_keys -> users (user_id));
diesel::joinable!(invitations -> organisations (organisation_id));
diesel::joinable!(invitations -> users (invited_by));
diesel::joinable!(kyc_applications -> tiers (tier));
diesel::joinable!(kyc_documents -> kyc_applications (application_id));
diesel::joinable!(members -> organisations (organisation_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(milestones -> deals (deal_id));
diesel::joinable!(milestones -> users (award_by));
diesel::joinable!(notifications -> users (user_id));
diesel::joinable!(payment_evidence -> payments (payment_id));
diesel::joinable!(payments -> deals (deal_id));
diesel::joinable!(person_keys -> users (user_id));
diesel::joinable!(prompts -> payments (payment_id));
diesel::joinable!(prompts -> users (user_id));
diesel::joinable!(second_factors -> users (user_id));
diesel::joinable!(sessions -> trusted_devices (trusted_device_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(socket_tickets -> sessions (session_id));
diesel::joinable!(suspense_items -> payments (return_payment_id));
diesel::joinable!(test_clock -> users (moved_by));
diesel::joinable!(tier_limits -> tiers (tier));
diesel::joinable!(transfers -> entries (id));
diesel::joinable!(trusted_devices -> users (user_id));
diesel::joinable!(users -> tiers (tier));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    api_keys,
    approvals,
    backup_codes,
    breaks,
    callback_strays,
    callback_tokens,
    callbacks,
    codes,
    counted_messages,
    deal_files,
    deal_invitations,
    deal_labels,
    deal_participants,
    deal_payers,
    deal_references,
    deal_reminders,
    deal_revisions,
    deal_signatures,
    deal_snapshots,
    deals,
    deliveries,
    disputes,
    entries,
    event_commits,
    event_sequence,
    event_subscribers,
    events,
    exchanges,
    fee_plans,
    hand_over_tries,
    handles,
    holds,
    idempotency_keys,
    introductions,
    invitations,
    jobs,
    kyc_applications,
    kyc_documents,
    ledger_checks,
    look_up_key,
    members,
    milestones,
    notifications,
    organisations,
    paybill,
    payer_keys,
    payment_evidence,
    payments,
    person_keys,
    postings,
    prompts,
    reconciliation_runs,
    risk_rules,
    second_factors,
    sessions,
    signing_keys,
    socket_tickets,
    spending,
    suspense_items,
    test_clock,
    tier_limits,
    tiers,
    transfers,
    trusted_devices,
    users,
);
