rule interpret_motif_attributions:
    """Attribute predictions of many more test sequences by one method, for motif discovery."""
    input:
        unpack(explain.model_files),
        test="<results>/dataset/{task}/repeat0/test.h5",
        certificate="<results>/dataset/{task}/certificate.json",
        examples=explain.dataset.examples_file,
    output:
        contributions="<results>/interpret/{task}/contributions.h5",
    log:
        "<logs>/interpret_motif_attributions/{task}.log",
    benchmark:
        "<benchmarks>/interpret_motif_attributions/{task}.tsv"
    wildcard_constraints:
        task=one_of(explain.motif_tasks()),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_motif_attributions"),
        spec=explain.motif_attribution_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_motif_attributions.py"


rule interpret_filters:
    """Convert the filters of the first layer to motifs, and test k-mers for enrichment between classes."""
    input:
        unpack(explain.model_files),
        test="<results>/dataset/{task}/repeat0/test.h5",
        certificate="<results>/dataset/{task}/certificate.json",
    output:
        filters="<results>/interpret/{task}/motifs/filters.meme",
        table="<results>/interpret/{task}/motifs/filters.tsv",
        table_note="<results>/interpret/{task}/motifs/filters.note.json",
        kmers="<results>/interpret/{task}/motifs/kmers.tsv",
        kmers_note="<results>/interpret/{task}/motifs/kmers.note.json",
    log:
        "<logs>/interpret_filters/{task}.log",
    benchmark:
        "<benchmarks>/interpret_filters/{task}.tsv"
    wildcard_constraints:
        task=one_of(explain.motif_tasks()),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_filters"),
        seed=project.config.seed,
    script:
        "../../scripts/interpret_filters.py"


rule interpret_motifs:
    """Discover motifs in contributions (TF-MoDISco), match them to known ones (TOMTOM), and locate their hits."""
    input:
        contributions="<results>/interpret/{task}/contributions.h5",
        filters="<results>/interpret/{task}/motifs/filters.meme",
        database=explain.motif_database,
    output:
        modisco="<results>/interpret/{task}/motifs/modisco.h5",
        patterns="<results>/interpret/{task}/motifs/patterns.meme",
        table="<results>/interpret/{task}/motifs/motifs.tsv",
        note="<results>/interpret/{task}/motifs/motifs.note.json",
        filters="<results>/interpret/{task}/motifs/filters.matches.tsv",
        hits="<results>/interpret/{task}/motifs/hits.tsv.gz",
        about="<results>/interpret/{task}/motifs/motifs.json",
        summary="<results>/interpret/{task}/motifs/motifs.summary.json",
    log:
        "<logs>/interpret_motifs/{task}.log",
    benchmark:
        "<benchmarks>/interpret_motifs/{task}.tsv"
    wildcard_constraints:
        task=one_of(explain.motif_tasks()),
    conda:
        "../../envs/motifs.yaml"
    threads: 1
    resources:
        mem_mb=mem(4000),
    params:
        code=hash_code("interpret_motifs"),
        spec=explain.motif_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_motifs.py"


rule interpret_marginalise:
    """Insert motifs into shuffled sequences, alone and in pairs, to measure their effects and interactions."""
    input:
        unpack(explain.model_files),
        test="<results>/dataset/{task}/repeat0/test.h5",
        certificate="<results>/dataset/{task}/certificate.json",
        patterns="<results>/interpret/{task}/motifs/patterns.meme",
    output:
        marginal="<results>/interpret/{task}/motifs/marginal.tsv",
        marginal_note="<results>/interpret/{task}/motifs/marginal.note.json",
        spacing="<results>/interpret/{task}/motifs/spacing.tsv",
        spacing_note="<results>/interpret/{task}/motifs/spacing.note.json",
    log:
        "<logs>/interpret_marginalise/{task}.log",
    benchmark:
        "<benchmarks>/interpret_marginalise/{task}.tsv"
    wildcard_constraints:
        task=one_of(explain.motif_tasks()),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_marginalise"),
        seed=project.config.seed,
    script:
        "../../scripts/interpret_marginalise.py"


rule interpret_plot_motifs:
    """Plot the motifs with their known matches, their effects, and the filters of the first layer."""
    input:
        patterns="<results>/interpret/{task}/motifs/patterns.meme",
        about="<results>/interpret/{task}/motifs/motifs.json",
        table="<results>/interpret/{task}/motifs/motifs.tsv",
        modisco="<results>/interpret/{task}/motifs/modisco.h5",
        marginal="<results>/interpret/{task}/motifs/marginal.tsv",
        spacing="<results>/interpret/{task}/motifs/spacing.tsv",
        filters="<results>/interpret/{task}/motifs/filters.meme",
        filter_table="<results>/interpret/{task}/motifs/filters.tsv",
        filter_matches="<results>/interpret/{task}/motifs/filters.matches.tsv",
        exams="<results>/interpret/{task}/exams.json",
        database=explain.motif_database,
    output:
        motifs=report(
            "<results>/interpret/{task}/motifs/motifs.svg",
            caption="../report/interpret_motifs.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "7 motifs"},
        ),
        spacing=report(
            "<results>/interpret/{task}/motifs/spacing.svg",
            caption="../report/interpret_spacing.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "8 motif spacing"},
        ),
        filters=report(
            "<results>/interpret/{task}/motifs/filters.svg",
            caption="../report/interpret_filters.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "9 filters of the first layer"},
        ),
    log:
        "<logs>/interpret_plot_motifs/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_motifs/{task}.tsv"
    wildcard_constraints:
        task=one_of(explain.motif_tasks()),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("interpret_plot_motifs"),
    script:
        "../../scripts/interpret_plot_motifs.py"
